// The eight products, by the name that answers use. Per language the words customers use for them, [word, gender];
// the first two words of each English list are the ones that base.jsonl knows.
export const products = {
  kettle: {
    en: [['kettle'], ['electric kettle'], ['water kettle'], ['tea kettle'], ['smart kettle']],
    de: [['Wasserkocher', 'm'], ['Teekocher', 'm']],
    es: [['hervidor', 'm'], ['tetera', 'f']],
    fr: [['bouilloire', 'f'], ['théière', 'f']],
  },
  headset: {
    en: [['headset'], ['wireless headset'], ['pair of headphones'], ['gaming headset'], ['set of earphones']],
    de: [['Kopfhörer', 'm'], ['Headset', 'n']],
    es: [['auricular', 'm'], ['casco de audio', 'm']],
    fr: [['casque audio', 'm'], ['écouteur', 'm']],
  },
  'vacuum cleaner': {
    en: [['vacuum cleaner'], ['vacuum'], ['hoover'], ['robot vacuum'], ['cordless vacuum']],
    de: [['Staubsauger', 'm'], ['Saugroboter', 'm']],
    es: [['aspirador', 'm'], ['aspiradora', 'f']],
    fr: [['aspirateur', 'm'], ['robot aspirateur', 'm']],
  },
  lamp: {
    en: [['lamp'], ['desk lamp'], ['reading lamp'], ['bedside light'], ['floor lamp']],
    de: [['Lampe', 'f'], ['Leuchte', 'f']],
    es: [['lámpara', 'f'], ['lámpara de mesa', 'f']],
    fr: [['lampe', 'f'], ['lampe de bureau', 'f']],
  },
  speaker: {
    en: [['speaker'], ['bluetooth speaker'], ['loudspeaker'], ['speaker box'], ['soundbar']],
    de: [['Lautsprecher', 'm'], ['Musikbox', 'f']],
    es: [['altavoz', 'm'], ['altavoz bluetooth', 'm']],
    fr: [['enceinte', 'f'], ['haut-parleur', 'm']],
  },
  smartwatch: {
    en: [['smartwatch'], ['watch'], ['fitness watch'], ['sports watch'], ['fitness tracker']],
    de: [['Smartwatch', 'f'], ['Uhr', 'f']],
    es: [['reloj inteligente', 'm'], ['reloj', 'm']],
    fr: [['montre connectée', 'f'], ['montre', 'f']],
  },
  camera: {
    en: [['camera'], ['security camera'], ['webcam'], ['door camera'], ['video camera']],
    de: [['Kamera', 'f'], ['Webcam', 'f']],
    es: [['cámara', 'f'], ['cámara web', 'f']],
    fr: [['caméra', 'f'], ['webcam', 'f']],
  },
  'coffee machine': {
    en: [['coffee machine'], ['coffee maker'], ['espresso machine'], ['filter coffee machine'], ['espresso maker']],
    de: [['Kaffeemaschine', 'f'], ['Espressomaschine', 'f']],
    es: [['cafetera', 'f'], ['máquina de café', 'f']],
    fr: [['machine à café', 'f'], ['cafetière', 'f']],
  },
};
export const product_names = Object.keys(products);
// What the base model knows; the other three products are new to it.
export const base_products = ['kettle', 'headset', 'lamp', 'speaker', 'coffee machine'];
