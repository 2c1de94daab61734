// English wordings around the intent sentence. `train` and `heldout` share no wording; evaluation uses `heldout`.
// {o} is the order number, {d} the date, {n} the customer's name.
export default {
  greetings: {
    train: ['Hello,', 'Hi,', 'Hi there,', 'Good morning,', 'Dear support team,', 'Hello team,', 'Dear Sir or Madam,', 'Good day,', 'Hey,',
      'Good evening,', 'Hello everyone,'],
    heldout: ['Hi team,', 'Hello there,', 'Dear team,'],
  },
  // `any` fits every message, `asking` only one that wants something.
  openings: {
    any: {
      train: ['I bought something in your shop.', 'My name is {n}.', 'This is {n}.', 'I am a customer of your shop.', '{n} here.',
        'I am writing about my last purchase.', 'It is about a purchase in your shop.'],
      heldout: ['I am {n}, a customer of your shop.', 'It is about something I bought.'],
    },
    asking: {
      train: ['I hope you can help me.', 'I have a small request.', 'I need some help.', 'Maybe you can help me with this.',
        'I tried to call you first.', 'I could not find an answer on your website.'],
      heldout: ['I hope you can help me with my purchase.', 'I tried to find some help on your website.'],
    },
  },
  // The order number in its own sentence, before or after the intent sentence.
  orders: {
    train: ['My order number is {o}.', 'The order number is {o}.', 'Order {o}.', 'It is order {o}.', 'Order number: {o}.', 'This is about order {o}.',
      'Reference {o}.', 'You can find it under {o}.', 'The reference is {o}.', 'My order: {o}.', 'Order no. {o}.', 'Regarding {o}.'],
    heldout: ['This is my order number: {o}.', 'The number of the order is {o}.', 'It is about {o}.', 'My reference is {o}.'],
  },
  // The order number right after the product.
  inline_orders: {
    train: [' (order {o})', ' from order {o}', ', order number {o},', ' ({o})', ' of order {o}', ', order {o},'],
    heldout: [' (order number {o})', ', reference {o},', ' with order number {o}'],
  },
  // Both in one sentence, where the date is that of the order.
  order_dates: {
    train: ['Order {o} from {d}.', 'My order {o} was placed on {d}.', 'The order number is {o}, ordered on {d}.', 'It is order {o} of {d}.'],
    heldout: ['My order number is {o} from {d}.', 'I placed order {o} on {d}.'],
  },
  dates: {
    bought: {
      train: ['I ordered it on {d}.', 'I bought it on {d}.', 'The order is from {d}.', 'It was ordered on {d}.', 'Date of purchase: {d}.',
        'I paid for it on {d}.', 'Ordered on {d}.', 'My purchase was on {d}.'],
      heldout: ['The date of the order is {d}.', 'My date of purchase was {d}.', 'I placed my purchase on {d}.'],
    },
    arrived: {
      train: ['It arrived on {d}.', 'It was delivered on {d}.', 'I received it on {d}.', 'The parcel came on {d}.', 'Delivered on {d}.',
        'I got it on {d}.'],
      heldout: ['The parcel was delivered on {d}.', 'It came on {d}.'],
    },
    due: {
      train: ['It should have arrived on {d}.', 'You promised delivery on {d}.', 'The delivery was planned for {d}.', 'It was due on {d}.',
        'Delivery date: {d}.'],
      heldout: ['It was planned for {d}.', 'The delivery was due on {d}.'],
    },
    since: {
      train: ['It started on {d}.', 'This has been so since {d}.', 'It happened on {d}.', 'It began on {d}.', 'The problem started on {d}.',
        'It last worked on {d}.'],
      heldout: ['The problem began on {d}.', 'It has been like this since {d}.'],
    },
    move: {
      train: ['I move on {d}.', 'We are moving on {d}.', 'I live there from {d}.', 'The new address is valid from {d}.', 'I am away until {d}.'],
      heldout: ['We live there from {d}.', 'I am moving on {d}.'],
    },
    wanted: {
      train: ['I want to buy it on {d}.', 'I need to know by {d}.', 'I saw it in your shop on {d}.', 'I plan to order on {d}.',
        'I asked you this on {d} already.'],
      heldout: ['I saw it on {d}.', 'I plan to buy it on {d}.'],
    },
  },
  urgency: {
    high: {
      train: ['This is urgent.', 'It is very urgent!', 'Please answer today.', 'I need this today.', 'Please reply as soon as possible.',
        'I need a solution immediately.', 'Please hurry.', 'Please do this right away.', 'ASAP please.', 'I need an answer within the hour.',
        'It cannot wait.', 'Urgent!', 'Please act quickly.', 'I need it by tomorrow.', 'Time is short, please answer at once.',
        'We need an answer today at the latest.', 'It has to happen today.', 'Please treat this as urgent.'],
      train_2026: ['I need your reply as soon as possible.', 'As soon as possible, please.', 'Reply immediately please.',
        'It has to be done immediately.',
        'This must be done today.', 'Hurry, it is urgent.', 'Please hurry up, I cannot wait.', 'I need it right away.', 'Answer right away please.'],
      heldout: ['Please answer right away, it is urgent.', 'We need a solution today.', 'It is urgent, please act at once.',
        'I need an answer immediately.', 'Time is short, please hurry.'],
    },
    low: {
      train: ['There is no hurry.', 'No rush.', 'It is not urgent.', 'Take your time.', 'Whenever you have time.', 'It can wait.',
        'This is not important.', 'Answer when you can.', 'I am in no hurry.', 'There is no need to rush.', 'Next week is fine too.',
        'It is fine if this takes a while.', 'No need to hurry.', 'You can answer next week.', 'This is not urgent at all.'],
      train_2026: ['Really no rush.', 'There is really no hurry.', 'I can wait for it.', 'I can wait, there is time.', 'Take all the time you need.',
        'No hurry with the answer.', 'Next week is fine for me.', 'Some day next week is fine.'],
      heldout: ['It is not important, take your time.', 'There is no need to hurry.', 'Answer whenever you have time.',
        'It can wait until next week.'],
    },
  },
  // Put before everything else: "Urgent: where is my kettle?"
  prefixes: {
    train: ['Urgent: ', 'URGENT: ', 'ASAP: ', 'Very urgent: '],
    heldout: ['Urgent! ', 'URGENT! '],
  },
  sentiment: {
    negative: {
      train: ['I am very disappointed.', 'This is annoying.', 'I am really angry.', 'Your service is terrible.', 'This is unacceptable.',
        'I am fed up with this.', 'I am frustrated.', 'What a bad experience.', 'I am not happy about this.', 'This is ridiculous.',
        'Never again.', 'I am so annoyed.', 'Very poor service.', 'I expected better from you.', 'This makes me angry.',
        'I am losing my patience.', 'That is a disappointing experience.', 'I am upset about it.', 'This is the worst shop.', 'It is a disgrace.'],
      train_2026: ['I am annoyed.', 'We are very annoyed by now.', 'This annoys me, it is a terrible experience.', 'A terrible shop.',
        'What terrible support.',
        'Your terrible service makes me angry.', 'I am angry.', 'We are angry and upset.', 'It is a bad service.', 'I had a bad experience here.',
        'How disappointing.', 'It is all very disappointing for me.', 'Really disappointing service.', 'A very bad and disappointing shop.',
        'I am frustrated and angry.', 'This is so frustrating, I am fed up.', 'I am really fed up.', 'We are frustrated with your shop.'],
      heldout: ['I am upset and annoyed.', 'Your shop is a disappointing experience.', 'I am not happy, this is terrible.',
        'What an unacceptable service.', 'It is ridiculous and makes me angry.'],
    },
    positive: {
      train: ['You have a great shop.', 'I really like your shop.', 'Your team has always been so kind.', 'I am a happy customer otherwise.',
        'Thank you so much, you are wonderful.', 'I appreciate your great work.', 'Your support is fantastic.', 'You are always so friendly.',
        'I love shopping with you.', 'So far I have been very happy with you.', 'Your service is excellent.', 'You do a great job.',
        'I enjoy buying from you.', 'You are the best.', 'It was a pleasure to shop with you.'],
      train_2026: ['You are very friendly.', 'You have been so kind and friendly.', 'What a friendly team.',
        'Your friendly service has always been great.',
        'I love this shop.', 'We love your service.', 'I love it here.', 'Your shop is fantastic.', 'A fantastic team.', 'You are fantastic.',
        'I am very happy with your shop.', 'We are happy with your service.', 'I am so happy with your friendly support.', 'Great service.',
        'Your great service makes me happy.'],
      heldout: ['Your support has always been excellent.', 'I really like your friendly team.', 'You do great work, I appreciate it.',
        'It is a pleasure, you are wonderful.'],
    },
  },
  closings: {
    any: {
      train: ['Thanks.', 'Thank you.', 'Many thanks.', 'Thanks to your team.', 'Thank you all.'],
      heldout: ['Thanks to you all.', 'Many thanks to your team.'],
    },
    asking: {
      train: ['Thanks in advance.', 'Please let me know.', 'I look forward to your answer.', 'Please let me know what to do.',
        'Thank you for your help.', 'I am waiting for your answer.', 'Thanks for your help.'],
      heldout: ['Thank you in advance.', 'Many thanks for your help.', 'Please let me know your answer.'],
    },
  },
  sign_offs: {
    train: ['Regards, {n}', 'Kind regards, {n}', 'Best regards, {n}', '{n}', 'Yours, {n}', 'Cheers, {n}', '- {n}', 'Best, {n}'],
    heldout: ['Kind regards from {n}', 'Yours, {n}.', 'Best regards from {n}'],
  },
};
