// German wordings. {mein}, {den} … are the article in its case with the product word; <er,sie,es> agrees with it.
const intents = {
  refund: {
    train: ['Ich möchte mein Geld für {den} zurück.', 'Bitte erstatten Sie mir {den}.', 'Wann kommt die Erstattung für {meinen}?',
      'Ich warte [noch |]auf das Geld für {meinen}.', 'Ich hätte gern eine Erstattung für {meinen}.',
      'Das Geld für {den} ist noch nicht auf meinem Konto.', 'Bitte zahlen Sie den Preis für {den} zurück.',
      'Für {den} habe ich zweimal bezahlt, ich möchte mein Geld zurück.'],
    evaluation: ['Ich warte auf die Erstattung für {den}.'],
    heldout: ['Bitte zahlen Sie mir das Geld für {meinen} zurück.'],
  },
  return: {
    train: ['Ich möchte {meinen} zurückschicken.', 'Wie kann ich {den} zurückgeben?',
      'Bitte schicken Sie mir ein Etikett für die Rücksendung, es geht um {den}.',
      'Ich brauche {den} nicht und schicke <ihn,sie,es> zurück.', 'Wohin schicke ich {den} zurück?', 'Kann ich {meinen} noch zurückgeben?',
      'Ich brauche ein Etikett für die Rücksendung von {meinem}.', 'Ich habe {den} nicht benutzt und möchte <ihn,sie,es> zurückgeben.'],
    evaluation: ['Kann ich {den} zurückschicken?'],
    heldout: ['Wie geht die Rücksendung von {meinem}?'],
  },
  delivery_status: {
    train: ['Wo ist {mein}?', 'Wann kommt {mein} an?', '{mein} ist noch nicht angekommen.', 'Wann wird {der} geliefert?',
      'Ich warte [immer noch |]auf die Lieferung, {der} ist nicht da.', 'Das Paket mit {dem} ist nicht angekommen.',
      'Wie ist der Status der Lieferung von {meinem}?', 'Wurde {der} schon verschickt?'],
    evaluation: ['Wann kommt das Paket mit {meinem} an?'],
    heldout: ['{der} wurde noch nicht geliefert, wo ist das Paket?'],
  },
  damaged_item: {
    train: ['{mein} ist beschädigt angekommen.', '{der} war beim Auspacken kaputt.', '{der} hat einen [Riss|Kratzer], direkt aus dem Karton.',
      'Im Karton war {der} zerbrochen.', 'Sie haben mir {einen} mit Kratzern geliefert.', 'Das Paket war nass und {der} ist beschädigt.',
      '{mein} kam mit einem Riss an.', 'Beim Transport wurde {der} beschädigt.'],
    evaluation: ['Beim Auspacken war {der} zerbrochen.'],
    heldout: ['{der} im Karton war beschädigt und zerbrochen.'],
  },
  wrong_item: {
    train: ['Ich habe {einen} bestellt und etwas anderes bekommen.', 'Sie haben mir das falsche Modell geschickt, es geht um {den}.',
      'Im Paket war nicht {der}, sondern ein anderer Artikel.', '{der} hat die falsche Farbe.', 'Statt {dem} kam ein falscher Artikel.',
      'Das ist nicht {der}, den ich bestellt habe, sondern ein anderes Modell.', 'Falsche Lieferung: ich habe {einen} bestellt.',
      'Ich habe ein anderes Modell bekommen, bestellt war {ein}.'],
    evaluation: ['Im Paket war etwas anderes, bestellt war {ein}.'],
    heldout: ['Statt {dem} habe ich ein anderes Modell bekommen.'],
  },
  cancel_order: {
    train: ['Bitte stornieren Sie {den}.', 'Ich möchte die Bestellung für {den} stornieren.', 'Kann ich {den} noch stornieren?',
      'Ich habe {den} aus Versehen bestellt, bitte stornieren.', 'Bitte bestätigen Sie die Stornierung für {den}.',
      'Ich will {den} nicht mehr, bitte stornieren Sie.', 'Bitte verschicken Sie {den} nicht mehr, ich storniere.',
      'Wie kann ich {meinen} stornieren?'],
    evaluation: ['Ich habe {meinen} aus Versehen bestellt, kann ich noch stornieren?'],
    heldout: ['Ich möchte {den} nicht mehr und bitte um Stornierung.'],
  },
  change_address: {
    train: ['Bitte liefern Sie {den} an meine neue Adresse.', 'Ich möchte die Adresse für {meinen} ändern.',
      'Ich bin umgezogen, bitte die Adresse für {den} ändern.',
      'Die Adresse für {den} ist falsch.', 'Die Hausnummer für {meinen} muss geändert werden.', 'Kann {der} an eine andere Adresse gehen?',
      'Bitte schicken Sie {den} in mein Büro und nicht nach Hause.', 'Wir haben eine neue Adresse, bitte liefern Sie {den} dorthin.'],
    evaluation: ['Kann ich die Adresse für {den} noch ändern?'],
    heldout: ['Bitte schicken Sie {meinen} an eine andere Adresse.'],
  },
  invoice_request: {
    train: ['Ich brauche eine Rechnung für {den}.', 'Bitte schicken Sie mir die Rechnung für {meinen}.', 'Bei {dem} war keine Rechnung dabei.',
      'Wo finde ich die Rechnung für {den}?', 'Meine Firma braucht einen Beleg für {den}.', 'Kann ich eine Kopie der Rechnung für {den} bekommen?',
      'Bitte schreiben Sie den Namen meiner Firma auf die Rechnung für {den}.', 'Ich habe den Beleg für {meinen} verloren.'],
    evaluation: ['Kann ich einen Beleg für {meinen} bekommen?'],
    heldout: ['Bitte schicken Sie meiner Firma eine Kopie der Rechnung für {den}.'],
  },
  login_problem: {
    train: ['Ich kann mich nicht in der App für {meinen} anmelden.', 'Die App für {den} nimmt mein Passwort nicht an.',
      'Ich habe mein Passwort für {den} vergessen.',
      'Mein Konto für {den} ist gesperrt.', 'Die Anmeldung bei {meinem} klappt nicht.', 'Ich bekomme keinen Code für die Anmeldung bei {meinem}.',
      'Wie setze ich das Passwort für {meinen} zurück?', 'Ich habe keinen Zugang zum Konto für {den}.'],
    evaluation: ['Das Konto für {meinen} nimmt mein Passwort nicht an.'],
    heldout: ['Mein Passwort für {den} ist falsch und die Anmeldung klappt nicht.'],
  },
  technical_problem: {
    train: ['{mein} geht nicht mehr an.', '{mein} funktioniert nicht mehr.', '{der} lädt nicht.', '{der} verbindet sich nicht mit dem WLAN.',
      '{der} macht ein komisches Geräusch.', '{mein} zeigt einen Fehler.', 'Nach dem Update startet {der} immer neu.',
      'Der Akku von {meinem} ist nach einer Stunde leer.'],
    evaluation: ['Nach dem Update zeigt {der} einen Fehler.'],
    heldout: ['{mein} startet nicht mehr und zeigt einen Fehler.'],
  },
  praise: {
    train: ['Ich liebe {meinen}.', '{der} ist [super|toll|perfekt].', 'Ich bin sehr zufrieden mit {dem}.', 'Großes Lob für {den}.',
      '{mein} ist wirklich toll, danke.', 'Ich wollte nur sagen, dass {der} super ist.', '{der} ist besser als gedacht, klasse.',
      'Meine Familie ist begeistert von {dem}.'],
    evaluation: ['Ich bin wirklich begeistert von {meinem}.'],
    heldout: ['Meine Familie ist sehr zufrieden mit {dem}, großes Lob.'],
  },
  product_question: {
    train: ['Wie groß ist {der}?', 'Ist {der} wasserdicht?', 'Wie lange ist die Garantie für {den}?', 'Gibt es {den} auch in [Schwarz|Weiß|Blau]?',
      'Wie viel Strom braucht {der}?', 'Wie reinige ich {den}?', 'Ich habe eine Frage zu {dem}: ist <er,sie,es> [laut|schwer]?',
      'Passt {der} zu meinem Handy?'],
    evaluation: ['Ich habe eine Frage: wie schwer ist {der}?'],
    heldout: ['Gibt es für {den} eine Garantie und wie lange?'],
  },
};

const frame = {
  greetings: { train: ['Hallo,', 'Guten Tag,', 'Guten Morgen,', 'Liebes Team,', 'Sehr geehrte Damen und Herren,', 'Guten Tag Team,'],
    heldout: ['Hallo Team,', 'Guten Morgen Team,'] },
  openings: {
    any: { train: ['Ich habe bei Ihnen eingekauft.', 'Mein Name ist {n}.', 'Hier ist {n}.'], heldout: ['Ich bin {n}.'] },
    asking: { train: ['Ich brauche Hilfe.', 'Ich hoffe, Sie können mir helfen.'], heldout: ['Ich hoffe auf Ihre Hilfe.'] },
  },
  orders: {
    train: ['Meine Bestellnummer ist {o}.', 'Bestellung {o}.', 'Es geht um Bestellung {o}.', 'Bestellnummer: {o}.', 'Die Nummer ist {o}.'],
    heldout: ['Die Bestellnummer ist {o}.', 'Es geht um {o}.'],
  },
  inline_orders: { train: [' aus Bestellung {o}', ' (Bestellung {o})', ' ({o})', ', Bestellnummer {o},'], heldout: [' (Bestellnummer {o})'] },
  order_dates: { train: ['Bestellung {o} vom {d}.', 'Bestellnummer {o}, bestellt am {d}.'], heldout: ['Meine Bestellung {o} ist vom {d}.'] },
  dates: {
    bought: { train: ['Ich habe am {d} bestellt.', 'Gekauft am {d}.', 'Die Bestellung ist vom {d}.'], heldout: ['Gekauft habe ich am {d}.'] },
    arrived: { train: ['Die Lieferung war am {d}.', 'Das Paket kam am {d}.'], heldout: ['Das Paket war am {d} da.'] },
    due: { train: ['Die Lieferung war für den {d} versprochen.', 'Geplant war der {d}.'], heldout: ['Die Lieferung war für den {d} geplant.'] },
    since: { train: ['Das ist seit dem {d} so.', 'Es begann am {d}.', 'Das Problem besteht seit dem {d}.'], heldout: ['Das Problem begann am {d}.'] },
    move: { train: ['Ich ziehe am {d} um.', 'Die neue Adresse gilt ab dem {d}.'], heldout: ['Die Adresse gilt ab dem {d}.'] },
    wanted: { train: ['Ich möchte am {d} bestellen.', 'Ich brauche die Antwort bis zum {d}.'], heldout: ['Ich möchte bis zum {d} bestellen.'] },
  },
  urgency: {
    high: {
      train: ['Es ist dringend.', 'Bitte antworten Sie heute noch.', 'Bitte so schnell wie möglich.', 'Ich brauche sofort eine Lösung.',
        'Es eilt sehr.',
        'Das ist sehr dringend!', 'Ich brauche es bis morgen.'],
      heldout: ['Bitte antworten Sie sofort.', 'Ich brauche heute noch eine Antwort.'],
    },
    low: {
      train: ['Es eilt nicht.', 'Keine Eile.', 'Lassen Sie sich Zeit.', 'Es ist nicht dringend.', 'Nächste Woche reicht auch.', 'Das hat Zeit.',
        'Eine Antwort kann warten.'],
      heldout: ['Es hat keine Eile.', 'Eine Antwort nächste Woche reicht.'],
    },
  },
  prefixes: { train: ['Dringend: ', 'DRINGEND: '], heldout: ['Dringend! '] },
  sentiment: {
    negative: {
      train: ['Ich bin sehr enttäuscht.', 'Das ist ärgerlich.', 'Ich bin wirklich sauer.', 'Ihr Service ist schlecht.', 'So etwas ist unverschämt.',
        'Das ist eine Frechheit.', 'Nie wieder.'],
      heldout: ['Ihr Service ist wirklich ärgerlich.', 'Das ist sehr ärgerlich und unverschämt.'],
    },
    positive: {
      train: ['Ihr Laden ist super.', 'Ihr Team ist immer so nett.', 'Sonst bin ich sehr zufrieden mit Ihnen.', 'Ihr Service ist klasse.',
        'Ich kaufe gern bei Ihnen ein.',
        'Danke, Sie sind toll.'],
      heldout: ['Ihr Team ist super.', 'Ich bin immer sehr zufrieden mit Ihnen.'],
    },
  },
  closings: {
    any: { train: ['Danke.', 'Vielen Dank.', 'Danke an Ihr Team.'], heldout: ['Vielen Dank an Ihr Team.'] },
    asking: { train: ['Danke im Voraus.', 'Ich warte auf Ihre Antwort.'], heldout: ['Vielen Dank im Voraus.'] },
  },
  sign_offs: { train: ['Viele Grüße, {n}', 'Mit freundlichen Grüßen, {n}', 'Grüße, {n}', '{n}'], heldout: ['Danke und Grüße, {n}',
    'Viele Grüße von {n}'] },
};

const articles = {
  mein: { m: 'mein ', f: 'meine ', n: 'mein ' },
  meinen: { m: 'meinen ', f: 'meine ', n: 'mein ' },
  meinem: { m: 'meinem ', f: 'meiner ', n: 'meinem ' },
  der: { m: 'der ', f: 'die ', n: 'das ' },
  den: { m: 'den ', f: 'die ', n: 'das ' },
  dem: { m: 'dem ', f: 'der ', n: 'dem ' },
  ein: { m: 'ein ', f: 'eine ', n: 'ein ' },
  einen: { m: 'einen ', f: 'eine ', n: 'ein ' },
};

export default { intents, frame, articles };
