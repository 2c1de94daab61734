// One message: greeting, opening, the intent sentence, sentences with the slots and cues, closing, in varied orders.
import { languages } from './languages.mjs';
import { with_noise } from './noise.mjs';
import { products } from './products.mjs';
import { draw_date, draw_name, draw_order, write_date, write_order } from './slots.mjs';

const message_size_max = 300; // characters

// How often a message names an order and a date, and what the date is about.
const slots_of = {
  refund: { order: 0.65, date: 0.4, about: ['bought'] },
  return: { order: 0.6, date: 0.45, about: ['bought', 'arrived'] },
  delivery_status: { order: 0.75, date: 0.5, about: ['bought', 'due'] },
  damaged_item: { order: 0.65, date: 0.45, about: ['bought', 'arrived'] },
  wrong_item: { order: 0.65, date: 0.45, about: ['bought', 'arrived'] },
  cancel_order: { order: 0.75, date: 0.4, about: ['bought'] },
  change_address: { order: 0.7, date: 0.45, about: ['move', 'bought'] },
  invoice_request: { order: 0.7, date: 0.45, about: ['bought'] },
  login_problem: { order: 0.15, date: 0.35, about: ['since'] },
  technical_problem: { order: 0.4, date: 0.45, about: ['since', 'bought'] },
  praise: { order: 0.2, date: 0.3, about: ['bought', 'arrived'] },
  product_question: { order: 0.08, date: 0.3, about: ['wanted'] },
};

const pool_of = (split) => (split === 'train' ? 'train' : 'heldout');
const half_of = (list, half) => (half ? list.filter((_, index) => index % 2 === 0) : list);

function spun(random, text) {
  return text.replace(/\[([^\]]*)\]/g, (_, choices) => random.pick(choices.split('|')));
}

// The product word with its article in `language`, and the endings that agree with it.
function with_product(text, word, gender, language, tail) {
  const vowel = /^[aeiouéè]/i.test(word);
  const agreed = text.replace(/<([^<>]*)>/g, (_, forms) => forms.split(',')['mfn'.indexOf(gender)] ?? '');
  return agreed.replace(/\{(p|\w{2,})\}/g, (_, token) => {
    if (token === 'p') return word + tail;
    const forms = languages[language].articles[token];
    return ((vowel && forms[`v${gender}`]) || forms[gender]) + word + tail;
  });
}

// May an order number follow the product word here? Not inside "the kettle app" nor after "a kettle".
function takes_inline_order(text) {
  const english = /\b(?:my|the|My|The|this) \{p\}(?! (?:app|account|order|invoice|bill|receipt|page)\b)/.test(text);
  return english || /\{(?!ein|un|p\}|q\}|[odn]\})\w+\}/.test(text);
}

class Composer {
  constructor(random, wish) {
    this.random = random;
    this.wish = wish; // {split, intent, language, template, products, half, year, typo_rate}
    this.slots = []; // what the private-use characters stand for
    this.facts = { intent: wish.intent, order: null, date: null, written_date: null };
    this.lower = random.chance(wish.language === 'en' ? 0.12 : 0.05);
  }

  // A wording of the frame, from this message's language or, in a mixed message, from another.
  wording(path, language = this.frame_language()) {
    const pool = path.reduce((node, key) => node[key], languages[language].frame);
    const split = pool_of(this.wish.split);
    const list = half_of(pool[split], this.wish.half);
    const newer = split === 'train' && this.wish.year === '2026' ? (pool.train_2026 ?? []) : [];
    return this.filled(this.random.pick([...list, ...newer]), language);
  }

  frame_language() {
    return this.wish.mixed && this.random.chance(0.5) ? this.wish.mixed : this.wish.language;
  }

  filled(text, language) {
    return spun(this.random, text)
      .replace('{o}', () => this.kept(this.order()))
      .replace('{d}', () => this.kept(this.date(language)))
      .replace('{n}', () => this.kept(this.name()));
  }

  kept(text) {
    this.slots.push(text);
    return String.fromCharCode(0xe000 + this.slots.length - 1);
  }

  order() {
    this.facts.order = draw_order(this.random, this.wish.split, this.wish.year);
    return write_order(this.random, this.facts.order);
  }

  date(language) {
    this.facts.date = draw_date(this.random, this.wish.split);
    const written = write_date(this.random, this.facts.date, language, this.wish.half);
    this.facts.written_date = this.lower ? written.toLowerCase() : written;
    return this.facts.written_date;
  }

  name() {
    this.facts.name ??= draw_name(this.random, this.wish.split);
    return this.lower ? this.facts.name.toLowerCase() : this.facts.name;
  }

  intent_sentence(inline_order) {
    const { random } = this;
    const { language } = this.wish;
    const text = spun(random, this.wish.template.text);
    const [product, other] = random.shuffled(this.wish.products);
    this.facts.product = product;
    const [word, gender = 'any'] = this.product_word(product, language);
    const inline = inline_order && takes_inline_order(text);
    const tail = inline ? this.wording(['inline_orders'], language) : '';
    return with_product(text, word, gender, language, tail)
      .replace('{q}', () => this.product_word(other, language)[0])
      .replace(/,(?=[.,?!:])/g, '')
      .replace(/\b([Aa]) (?=[aeiou])/g, language === 'en' ? '$1n ' : '$&');
  }

  product_word(product, language) {
    const words = products[product][language];
    return this.random.pick(this.wish.half ? words.slice(0, 2) : words);
  }

  // Everything between greeting and closing.
  body() {
    const { random, facts } = this;
    const habit = slots_of[facts.intent];
    const wants_order = random.chance(habit.order);
    const wants_date = random.chance(habit.date);
    const sentence = this.intent_sentence(wants_order && random.chance(0.3));
    const before = [];
    const after = [];
    const about = random.pick(habit.about);
    const needs_order = wants_order && facts.order === null;
    if (needs_order && wants_date && about === 'bought' && random.chance(0.35)) {
      after.push(this.wording(['order_dates']));
    } else {
      if (needs_order) (random.chance(0.25) ? before : after).push(this.wording(['orders']));
      if (wants_date) after.push(this.wording(['dates', about]));
    }
    this.add_cues(before, after);
    return [...random.shuffled(before), sentence, ...random.shuffled(after)];
  }

  add_cues(before, after) {
    const { random, facts } = this;
    const praise = facts.intent === 'praise';
    facts.urgency = random.weighted(praise ? { normal: 94, high: 3, low: 3 } : { normal: 52, high: 28, low: 20 });
    facts.sentiment = praise ? 'positive' : random.weighted({ neutral: 54, negative: 28, positive: 18 });
    this.prefix = facts.urgency === 'high' && random.chance(0.12) ? this.wording(['prefixes']) : '';
    if (facts.urgency !== 'normal' && this.prefix === '') {
      (random.chance(0.15) ? before : after).push(this.wording(['urgency', facts.urgency]));
    }
    if (facts.sentiment !== 'neutral' && (!praise || random.chance(0.3))) {
      (random.chance(0.25) ? before : after).push(this.wording(['sentiment', facts.sentiment]));
    }
  }

  message() {
    const { random } = this;
    const body = this.body();
    const greeting = random.chance(0.55) ? this.wording(['greetings']) : '';
    const fits = () => (this.facts.intent === 'praise' || random.chance(0.45) ? 'any' : 'asking');
    if (random.chance(0.25)) body.unshift(this.wording(['openings', fits()]));
    if (random.chance(0.35)) body.push(this.wording(['closings', fits()]));
    const sign_off = this.facts.name === undefined && random.chance(0.3) ? this.wording(['sign_offs']) : '';
    const capital = body.map((sentence) => sentence.replace(/^[¿¡]?\p{Ll}/u, (letter) => letter.toUpperCase()));
    let text = this.prefix + capital.join(' ');
    if (greeting !== '') text = greeting + (random.chance(0.3) ? '\n' : ' ') + text;
    if (sign_off !== '') text += (random.chance(0.5) ? '\n' : ' ') + sign_off;
    const noisy = with_noise(random, text, { typo_rate: this.wish.typo_rate, lower: this.lower });
    return noisy.replace(/[\ue000-\uf8ff]/g, (mark) => this.slots[mark.charCodeAt(0) - 0xe000]);
  }
}

// {message, facts} for a wish {split, intent, language, mixed, template: {id, text}, products, half, year, typo_rate}; `mixed`: a
// second language for some sentences, or undefined; `half`: only every other wording of the frame; `year`: '2025' for that
// year's order numbers and wordings.
export function compose(random, wish) {
  for (;;) {
    const composer = new Composer(random, wish);
    const message = composer.message();
    if (message.length <= message_size_max) return { message, facts: composer.facts };
  }
}
