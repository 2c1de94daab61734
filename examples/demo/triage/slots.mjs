// Order numbers, dates and names: drawn so that every value belongs to exactly one split, decided by a hash of the value.
import { hash_of } from './random.mjs';

// hash % 10: 0 … 7 training, 8 evaluation, 9 held out. `value` is the answer's form of an order number, MM-DD of a date (so
// that a held-out day occurs in no year of the training data), or "First Last" of a name.
export function split_of(value) {
  const part = hash_of(value) % 10;
  return part < 8 ? 'train' : part === 8 ? 'evaluation' : 'heldout';
}

function draw(split, make, key_of) {
  for (;;) {
    const value = make();
    if (split_of(key_of(value)) === split) return value;
  }
}

const letters = 'ABCDEFGHKLMNPRSTWX';

// Five or six digits; in 2025, after a letter.
export function draw_order(random, split, numbering) {
  return draw(split, () => {
    const digits = random.chance(0.5) ? 5 : 6;
    let text = numbering === '2025' ? random.pick(letters) : '';
    for (let i = 0; i < digits; i += 1) text += random.below(10);
    return text;
  }, (order) => order);
}

// The order number as customers write it.
export function write_order(random, order) {
  const text = random.chance(0.2) ? order.toLowerCase() : order;
  return random.chance(0.25) ? `#${text}` : text;
}

const month_days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

// A day of 2025 or 2026.
export function draw_date(random, split) {
  return draw(split, () => {
    const month = random.below(12);
    return { year: random.chance(0.75) ? 2026 : 2025, month: month + 1, day: random.below(month_days[month]) + 1 };
  }, (date) => iso_date(date).slice(5));
}

const two = (number) => String(number).padStart(2, '0');

export function iso_date({ year, month, day }) {
  return `${year}-${two(month)}-${two(day)}`;
}

const months = {
  en: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  de: ['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September', 'Oktober', 'November', 'Dezember'],
  es: ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'],
  fr: ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre', 'décembre'],
};

// Day before month wherever both are numbers; a date without a year is of 2026.
const long_forms = {
  en: [({ day, year }, month) => `${day} ${month} ${year}`, ({ day, year }, month) => `${month} ${day}, ${year}`],
  de: [({ day, year }, month) => `${day}. ${month} ${year}`],
  es: [({ day, year }, month) => `${day} de ${month} de ${year}`],
  fr: [({ day, year }, month) => `${day === 1 ? '1er' : day} ${month} ${year}`],
};
const short_forms = {
  en: [({ day }, month) => `${month} ${day}`, ({ day }, month) => `${day} ${month}`],
  de: [({ day }, month) => `${day}. ${month}`],
  es: [({ day }, month) => `${day} de ${month}`],
  fr: [({ day }, month) => `${day === 1 ? '1er' : day} ${month}`],
};

// The date as customers write it in `language`; `simple`: only the two forms that base.jsonl knows.
export function write_date(random, date, language, simple = false) {
  const month = months[language][date.month - 1];
  const { long, short, dots, iso } = { long: 40, short: date.year === 2026 ? 25 : 0, dots: 20, iso: 15 };
  const form = simple ? random.weighted({ long: 60, iso: 40 }) : random.weighted({ long, short, dots, iso });
  if (form === 'iso') return iso_date(date);
  if (form === 'dots') return `${two(date.day)}.${two(date.month)}.${date.year}`;
  if (form === 'short') return random.pick(short_forms[language])(date, month);
  return simple ? long_forms[language][0](date, month) : random.pick(long_forms[language])(date, month);
}

export const first_names = ('Anna Ben Carla David Emma Felix Grace Henry Ines Jack Karen Liam Maria Noah Olivia Paul Rosa Sam Tina Victor ' +
  'Laura Peter Sofia Tom Julia Stefan Elena Oscar Nina Adam Clara Hugo Lucy Mark Eva Simon Alice George Helen Leo').split(' ');
export const last_names = ('Adams Bauer Clark Diaz Evans Fischer Garcia Hill Jones Keller Lopez Martin Novak Owen Perez Reed Schmidt ' +
  'Taylor Weber Young Baker Cooper Dubois Fuchs Green Hansen King Lambert Moore Parker Ramos Scott Turner Vogel Walker Wright Becker ' +
  'Moreau Silva Wood').split(' ');

export function draw_name(random, split) {
  return draw(split, () => `${random.pick(first_names)} ${random.pick(last_names)}`, (name) => name);
}
