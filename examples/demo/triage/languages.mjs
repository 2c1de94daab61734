// The wordings of each language, and how its product words take an article. An article has a form for each gender of the
// product word, and `vm`, `vf` before a vowel where that differs.
import de from './wordings/de.mjs';
import en from './wordings/en.mjs';
import en_frame from './wordings/en_frame.mjs';
import es from './wordings/es.mjs';
import fr from './wordings/fr.mjs';

export const languages = { en: { intents: en, frame: en_frame, articles: {} }, de, es, fr };
