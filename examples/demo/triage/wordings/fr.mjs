// French wordings. {mon}, {le}, {du} … are the article with the product word; <,e> agrees with it.
const intents = {
  refund: {
    train: ['Je voudrais être remboursé pour {le}.', 'Je demande le remboursement {du}.', 'Quand vais-je recevoir le remboursement {du} ?',
      'Merci de me rembourser {le}.',
      "J'attends toujours l'argent pour {mon}.", "L'argent pour {le} n'est pas sur mon compte.", "J'ai payé deux fois {le}, je veux mon argent.",
      "Remboursez-moi {le}, s'il vous plaît."],
    evaluation: ["J'attends le remboursement pour {mon}."],
    heldout: ["Je veux recevoir l'argent pour {mon}, merci de me rembourser."],
  },
  return: {
    train: ['Je voudrais renvoyer {mon}.', 'Comment puis-je retourner {le} ?', 'Il me faut une étiquette de retour pour {le}.',
      "Je n'ai pas besoin {du}, je veux <le,la> renvoyer.",
      'Où dois-je renvoyer {le} ?', 'Puis-je encore retourner {mon} ?', "Je souhaite faire un retour, c'est {un}.",
      'Le retour {du} est-il gratuit ?'],
    evaluation: ['Comment faire le retour {du} ?'],
    heldout: ["Je souhaite une étiquette pour renvoyer {mon}."],
  },
  delivery_status: {
    train: ['Où est {mon} ?', 'Quand {mon} va arriver ?', "{mon} n'est pas encore arrivé<,e>.", "J'attends toujours la livraison {du}.",
      'Quel est le statut de livraison {du} ?', 'Avez-vous déjà expédié {le} ?', 'Le colis avec {le} est en retard.',
      'Je voudrais savoir où est le colis avec {mon}.'],
    evaluation: ["J'attends le colis avec {mon}, il est en retard."],
    heldout: ['Où est le colis avec {le}, la livraison est en retard.'],
  },
  damaged_item: {
    train: ['{mon} est arrivé<,e> cassé<,e>.', "{le} était abîmé<,e> dans le carton.", "{le} a une fissure, dès l'ouverture du carton.",
      "J'ai reçu {un} avec des rayures.",
      'Le colis était mouillé et {le} est abîmé<,e>.', '{le} a été cassé<,e> pendant le transport.', "À l'ouverture du colis, {le} était cassé<,e>.",
      '{mon} est arrivé<,e> avec une fissure.'],
    evaluation: ["À l'ouverture du carton, {le} avait des rayures."],
    heldout: ['{le} dans le colis était abîmé<,e>, avec une fissure.'],
  },
  wrong_item: {
    train: ["J'ai commandé {un} et j'ai reçu autre chose.", 'Vous avez envoyé le mauvais modèle {du}.',
      "Dans le colis il n'y avait pas {le} mais un autre article.",
      "{le} n'est pas de la bonne couleur.", "Ce n'est pas le bon modèle, j'ai commandé {un}.",
      "Vous avez confondu les articles, j'ai commandé {un}.",
      "À la place {du} j'ai reçu un autre article.", 'La couleur {du} est mauvaise.'],
    evaluation: ["J'ai reçu un autre modèle, ce n'est pas {le}."],
    heldout: ["J'ai reçu le mauvais article à la place {du}."],
  },
  cancel_order: {
    train: ["Je voudrais annuler la commande {du}.", "Merci d'annuler {mon}.", 'Puis-je encore annuler {le} ?',
      "J'ai commandé {le} par erreur, merci d'annuler.",
      "Je ne veux plus {le}, j'annule la commande.", "Merci de confirmer l'annulation {du}.", "N'envoyez pas {le}, je veux annuler.",
      'Comment annuler {le} ?'],
    evaluation: ['Puis-je annuler {le}, commandé<,e> par erreur ?'],
    heldout: ["Je ne veux plus {mon}, merci d'annuler la commande."],
  },
  change_address: {
    train: ["Envoyez {le} à ma nouvelle adresse, s'il vous plaît.", "Je voudrais changer l'adresse de livraison {du}.",
      "J'ai déménagé, merci de changer l'adresse pour {le}.",
      "L'adresse pour {le} est fausse.", 'Pouvez-vous livrer {le} à une autre adresse ?', 'Le numéro de rue pour {mon} est faux.',
      'Livrez {le} à mon bureau et pas à la maison.', "J'ai une nouvelle adresse pour {mon}."],
    evaluation: ["Puis-je changer l'adresse pour {mon} ?"],
    heldout: ["Livrez {mon} à une autre adresse, j'ai déménagé."],
  },
  invoice_request: {
    train: ["J'ai besoin d'une facture pour {le}.", 'Merci de m\'envoyer la facture {du}.', "Il n'y avait pas de facture avec {le}.",
      'Où puis-je trouver la facture {du} ?',
      'Mon entreprise demande le reçu {du}.', 'Je voudrais une copie de la facture {du}.', "J'ai perdu le reçu pour {mon}.",
      "Il manque le nom de mon entreprise sur la facture {du}."],
    evaluation: ['Où puis-je trouver le reçu pour {mon} ?'],
    heldout: ["Mon entreprise a besoin d'une copie de la facture {du}."],
  },
  login_problem: {
    train: ["Je ne peux pas me connecter à l'application {du}.", "L'application {du} refuse mon mot de passe.", "J'ai oublié le mot de passe {du}.",
      'Mon compte pour {le} est bloqué.',
      'Impossible de me connecter au compte {du}.', 'Je ne reçois pas le code pour le compte {du}.', 'Comment changer le mot de passe {du} ?',
      "Je n'ai plus accès au compte pour {mon}."],
    evaluation: ["Je n'ai plus accès à l'application {du}."],
    heldout: ["Impossible de me connecter à l'application {du} avec mon mot de passe."],
  },
  technical_problem: {
    train: ['{mon} ne fonctionne plus.', "{mon} ne s'allume plus.", '{le} ne charge pas.', '{le} ne se connecte pas au wifi.',
      '{le} fait un bruit bizarre.',
      '{mon} affiche une erreur.', "Depuis la mise à jour {le} s'éteint.", 'La batterie {du} est vide après une heure.'],
    evaluation: ['Depuis la mise à jour {le} affiche une erreur.'],
    heldout: ["{mon} s'éteint et ne se connecte plus au wifi."],
  },
  praise: {
    train: ["J'adore {mon}.", '{le} est [super|parfait<,e>|génial<,e>].', "Je suis très satisfait de {mon}.",
      'Je voulais juste dire que {le} est super.',
      'Bravo pour {le}, excellente qualité.', 'Ma famille adore {le}.', '{mon} marche très bien, bravo.', '{le} est encore mieux que prévu.'],
    evaluation: ["Je voulais juste dire que j'adore {le}."],
    heldout: ['{mon} est super, ma famille adore, bravo.'],
  },
  product_question: {
    train: ['Quelle est la taille {du} ?', "Est-ce que {le} résiste à l'eau ?", 'Quelle est la durée de la garantie {du} ?',
      'Avez-vous {le} en [noir|blanc|bleu] ?',
      "Combien d'énergie consomme {le} ?", 'Comment nettoyer {le} ?', "J'ai une question sur {le} : quel est son poids ?",
      'Est-ce que {le} marche avec mon téléphone ?'],
    evaluation: ["J'ai une question : quelle est la taille {du} ?"],
    heldout: ['Quel est le poids {du} et quelle est la garantie ?'],
  },
};

const frame = {
  greetings: { train: ['Bonjour,', 'Bonsoir,', 'Chère équipe,', 'Madame, Monsieur,', 'Bonjour à tous,', 'Bonjour équipe,'],
    heldout: ['Bonsoir équipe,', 'Bonsoir à tous,'] },
  openings: {
    any: { train: ["J'ai acheté dans votre magasin.", "Je m'appelle {n}.", "C'est {n}."], heldout: ["C'est {n}, j'ai acheté dans votre magasin."] },
    asking: {
      train: ["J'ai besoin d'aide.", "J'espère que vous pouvez m'aider."],
      heldout: ["Vous pouvez m'aider, j'espère.", "Je m'appelle {n} et j'ai besoin d'aide."],
    },
  },
  orders: {
    train: ['Mon numéro de commande est {o}.', 'Commande {o}.', "C'est la commande {o}.", 'Numéro de commande : {o}.', 'La commande est {o}.'],
    heldout: ['Le numéro de commande est {o}.', "C'est le numéro {o}."],
  },
  inline_orders: { train: [' de la commande {o}', ' (commande {o})', ' ({o})', ', commande {o},'], heldout: [' (numéro de commande {o})'] },
  order_dates: { train: ['Commande {o} du {d}.', 'Ma commande {o} est du {d}.'], heldout: ["C'est la commande {o} du {d}."] },
  dates: {
    bought: { train: ["J'ai commandé le {d}.", 'Acheté le {d}.', 'La commande est du {d}.'], heldout: ['Ma commande est du {d}.'] },
    arrived: { train: ["Le colis est arrivé le {d}.", "Je l'ai reçu le {d}."], heldout: ["J'ai reçu le colis le {d}."] },
    due: { train: ['La livraison était prévue le {d}.', 'Vous aviez promis le {d}.'], heldout: ['Vous aviez promis la livraison le {d}.'] },
    since: { train: ["C'est ainsi depuis le {d}.", 'Cela a commencé le {d}.', 'Le problème a commencé le {d}.'],
      heldout: ["Le problème est ainsi depuis le {d}."] },
    move: { train: ['Je déménage le {d}.', "J'habite là à partir du {d}."], heldout: ["Je déménage à partir du {d}."] },
    wanted: { train: ["Je veux l'acheter le {d}.", 'Je dois le savoir avant le {d}.'], heldout: ["Je veux l'acheter avant le {d}."] },
  },
  urgency: {
    high: {
      train: ["C'est urgent.", "Merci de répondre aujourd'hui.", 'Le plus vite possible.', 'Il me faut une solution immédiatement.',
        "C'est très urgent !",
        'Il me le faut demain.', 'Je suis très pressé.'],
      heldout: ['Merci de répondre le plus vite possible.', "Il me faut une solution aujourd'hui."],
    },
    low: {
      train: ["Ce n'est pas pressé.", 'Rien ne presse.', "Ce n'est pas urgent.", 'Prenez votre temps.', 'Cela peut attendre.',
        'La semaine prochaine suffit.'],
      heldout: ['Cela ne presse pas.', 'Cela peut attendre la semaine prochaine.'],
    },
  },
  prefixes: { train: ['Urgent : ', 'URGENT : '], heldout: ['Urgent ! '] },
  sentiment: {
    negative: {
      train: ['Je suis très déçu.', "C'est inacceptable.", 'Je suis vraiment en colère.', 'Votre service est nul.', 'Quelle mauvaise expérience.',
        "C'est une honte.",
        'Plus jamais.'],
      heldout: ['Je suis déçu de votre service.', "C'est vraiment une honte."],
    },
    positive: {
      train: ['Votre magasin est super.', 'Votre équipe est toujours très gentille.', 'Sinon je suis très satisfait de vous.',
        'Votre service est excellent.',
        "J'adore acheter chez vous.", 'Merci, vous êtes formidables.'],
      heldout: ['Votre équipe est super.', 'Votre magasin est excellent, je suis toujours satisfait.'],
    },
  },
  closings: {
    any: { train: ['Merci.', 'Merci beaucoup.', 'Merci à votre équipe.'], heldout: ['Merci beaucoup à votre équipe.'] },
    asking: { train: ["Merci d'avance.", "J'attends votre réponse."], heldout: ["Merci beaucoup d'avance."] },
  },
  sign_offs: { train: ['Cordialement, {n}', 'Bien à vous, {n}', 'Salutations, {n}', '{n}'], heldout: ['Merci. Cordialement, {n}',
    'Bien cordialement, {n}'] },
};

const articles = {
  mon: { m: 'mon ', f: 'ma ', vf: 'mon ' },
  le: { m: 'le ', f: 'la ', vm: "l'", vf: "l'" },
  du: { m: 'du ', f: 'de la ', vm: "de l'", vf: "de l'" },
  un: { m: 'un ', f: 'une ' },
};

export default { intents, frame, articles };
