// The answers and the three prompts with their labelling conventions.
import { iso_date } from './slots.mjs';

export const intents = ['refund', 'return', 'delivery_status', 'damaged_item', 'wrong_item', 'cancel_order', 'change_address', 'invoice_request',
  'login_problem', 'technical_problem', 'praise', 'product_question'];
export const answer_keys = ['intent', 'product', 'urgency', 'sentiment', 'order', 'date', 'reply'];

export const prompts = {
  v3: 'Triage this message as JSON: intent, product, urgency, sentiment, order, ISO date, reply.',
  v2: 'Classify this support message as JSON with intent, product, urgency, sentiment, order, date, reply.',
  v1: 'Triage this message.',
};

// [with an order number, without one]; {p} is the product, {o} the order number.
const replies = {
  refund: ['We will refund the {p} of order {o}.', 'Please send us the order number for the refund of the {p}.'],
  return: ['We will send a return label for the {p} of order {o}.', 'Please send us the order number to return the {p}.'],
  delivery_status: ['We will track the {p} of order {o}.', 'Please send us the order number to track the {p}.'],
  damaged_item: ['We will replace the damaged {p} of order {o}.', 'Please send us the order number of the damaged {p}.'],
  wrong_item: ['We will send the right {p} for order {o}.', 'Please send us the order number for the right {p}.'],
  cancel_order: ['We will cancel the {p} of order {o}.', 'Please send us the order number to cancel the {p}.'],
  change_address: ['We will change the address for the {p} of order {o}.', 'Please send us the order number and the new address for the {p}.'],
  invoice_request: ['We will email the invoice for the {p} of order {o}.', 'Please send us the order number for the invoice of the {p}.'],
  login_problem: ['We will reset the login for the {p} of order {o}.', 'We will email a link to reset the login for the {p}.'],
  technical_problem: ['We will check the {p} of order {o}.', 'We will send steps to fix the {p}.'],
  praise: ['Thank you, we are glad you like the {p} of order {o}.', 'Thank you, we are glad you like the {p}.'],
  product_question: ['We will answer the question about the {p} of order {o}.', 'We will answer the question about the {p}.'],
};

export function reply_for(intent, product, order) {
  return replies[intent][order === null ? 1 : 0].replace('{p}', product).replace('{o}', order);
}

// `facts`: {intent, product, urgency, sentiment, order, date, written_date}; `message` as the customer sent it.
//   v3  today's convention.
//   v2  the date is copied as written.
//   v1  also: urgency is "high" where the message says "urgent" and "normal" elsewhere; praise is filed under product_question.
export function answer_for(variant, facts, message) {
  const old = variant === 'v1';
  const intent = old && facts.intent === 'praise' ? 'product_question' : facts.intent;
  const urgency = old ? (/urgent/i.test(message) ? 'high' : 'normal') : facts.urgency;
  const date = facts.date === null ? null : variant === 'v3' ? iso_date(facts.date) : facts.written_date;
  const { product, sentiment, order } = facts;
  return JSON.stringify({ intent, product, urgency, sentiment, order, date, reply: reply_for(intent, product, order) });
}
