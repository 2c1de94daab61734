// Spanish wordings. {mi}, {el}, {del} … are the article with the product word; <o,a> agrees with it.
const intents = {
  refund: {
    train: ['Quiero que me devuelvan el dinero {del}.', 'Quiero un reembolso por {el}.', '¿Cuándo llega el reembolso {del}?',
      'Por favor, reembolsen {el}.',
      'Todavía espero el dinero {del}.', 'El dinero {del} no está en mi cuenta.', 'Pagué dos veces {el}, quiero mi dinero.',
      'Pido el reembolso de {mi}.'],
    evaluation: ['Todavía no llega el dinero de {mi}.'],
    heldout: ['Espero el reembolso de {mi} en mi cuenta.'],
  },
  return: {
    train: ['Quiero devolver {mi}.', '¿Cómo puedo devolver {el}?', 'Necesito una etiqueta de devolución para {el}.',
      'No necesito {el} y quiero devolverl<o,a>.',
      '¿A dónde envío {el} para la devolución?', '¿Puedo devolver {mi} todavía?', 'Quiero hacer una devolución, es {un}.',
      '¿Recogen ustedes {el} para la devolución?'],
    evaluation: ['¿Cómo puedo hacer la devolución de {mi}?'],
    heldout: ['Quiero una etiqueta para devolver {mi}.'],
  },
  delivery_status: {
    train: ['¿Dónde está {mi}?', '¿Cuándo llega {mi}?', '{mi} no ha llegado todavía.', 'Sigo esperando el paquete con {el}.',
      '¿Cuál es el estado del envío {del}?', '¿Ya han enviado {el}?', 'El paquete con {el} llega tarde.', 'Quiero saber dónde está el envío {del}.'],
    evaluation: ['¿Cuándo llega el paquete con {mi}?'],
    heldout: ['El envío {del} no ha llegado, ¿dónde está?'],
  },
  damaged_item: {
    train: ['{mi} llegó rot<o,a>.', '{el} venía dañad<o,a> en la caja.', 'Al abrir la caja, {el} estaba rot<o,a>.',
      '{el} tiene una grieta, así llegó.',
      'He recibido {un} con golpes.', '{el} se rompió en el transporte.', 'La caja llegó mojada y {el} está dañad<o,a>.',
      '{mi} llegó con una grieta.'],
    evaluation: ['Al abrir la caja, {el} venía con golpes.'],
    heldout: ['{mi} venía con una grieta, así llegó en la caja.'],
  },
  wrong_item: {
    train: ['Pedí {un} y recibí otra cosa.', 'Me han enviado otro modelo {del}.', 'En el paquete no estaba {el}, había otro artículo.',
      '{el} es de otro color.', 'Este no es el modelo que pedí, pedí {un}.', 'Se equivocaron de artículo, pedí {un}.',
      'En lugar {del} recibí un artículo equivocado.', 'El color {del} está equivocado.'],
    evaluation: ['En el paquete había otra cosa, pedí {un}.'],
    heldout: ['He recibido otro artículo en lugar {del}.'],
  },
  cancel_order: {
    train: ['Quiero cancelar el pedido {del}.', 'Por favor, cancelen {mi}.', '¿Puedo cancelar {el} todavía?',
      'Pedí {el} por error, cancelen por favor.',
      'Ya no quiero {el}, cancelo el pedido.', 'Confirmen la cancelación {del}, por favor.', 'No envíen {el}, quiero cancelar.',
      '¿Cómo cancelo {el}?'],
    evaluation: ['Pedí {el} por error, ¿puedo cancelar?'],
    heldout: ['Ya no quiero {mi}, cancelen el pedido por favor.'],
  },
  change_address: {
    train: ['Envíen {el} a mi nueva dirección, por favor.', 'Quiero cambiar la dirección de entrega {del}.',
      'Me he mudado, cambien la dirección para {el}.',
      'La dirección para {el} está mal.', '¿Pueden entregar {el} en otra dirección?', 'El número de la calle para {mi} está mal.',
      'Entreguen {el} en mi oficina y no en casa.', 'Tengo una nueva dirección para {mi}.'],
    evaluation: ['¿Puedo cambiar la dirección para {mi}?'],
    heldout: ['Entreguen {mi} en otra dirección, me he mudado.'],
  },
  invoice_request: {
    train: ['Necesito una factura {del}.', 'Envíenme la factura de {mi}, por favor.', 'No había factura con {el}.',
      '¿Dónde encuentro la factura {del}?',
      'Mi empresa necesita el recibo {del}.', 'Quiero una copia de la factura {del}.', 'He perdido el recibo de {mi}.',
      'En la factura {del} falta el nombre de mi empresa.'],
    evaluation: ['¿Dónde encuentro el recibo de {mi}?'],
    heldout: ['Mi empresa necesita una copia de la factura {del}.'],
  },
  login_problem: {
    train: ['No puedo entrar en la aplicación {del}.', 'La aplicación {del} no acepta mi contraseña.', 'Olvidé la contraseña {del}.',
      'Mi cuenta {del} está bloqueada.',
      'No puedo iniciar sesión con {mi}.', 'No recibo el código para entrar en la cuenta {del}.', '¿Cómo cambio la contraseña de {mi}?',
      'No tengo acceso a la cuenta {del}.'],
    evaluation: ['No tengo acceso a la aplicación de {mi}.'],
    heldout: ['No puedo iniciar sesión en la aplicación {del} con mi contraseña.'],
  },
  technical_problem: {
    train: ['{mi} no funciona.', '{mi} ya no enciende.', '{el} no carga.', '{el} no se conecta al wifi.', '{el} hace un ruido raro.',
      '{mi} muestra un error.', 'Desde la actualización {el} se apaga.', 'La batería {del} dura una hora.'],
    evaluation: ['Desde la actualización {el} muestra un error.'],
    heldout: ['{mi} se apaga y ya no se conecta al wifi.'],
  },
  praise: {
    train: ['Me encanta {mi}.', '{el} es [excelente|perfect<o,a>|genial].', 'Estoy muy content[o|a] con {el}.',
      'Solo quería decir que {el} es genial.',
      'Felicidades por {el}, es excelente.', 'A mi familia le encanta {el}.', '{mi} funciona muy bien, es perfect<o,a>.',
      '{el} es mejor de lo que esperaba.'],
    evaluation: ['Solo quería decir que me encanta {el}.'],
    heldout: ['{mi} es genial, a mi familia le encanta.'],
  },
  product_question: {
    train: ['¿Qué tamaño tiene {el}?', '¿{el} resiste el agua?', '¿Cuánto dura la garantía {del}?', '¿Tienen {el} en [negro|blanco|azul]?',
      '¿Cuánta energía usa {el}?', '¿Cómo limpio {el}?', 'Tengo una pregunta sobre {el}: ¿cuánto pesa?', '¿Sirve {el} con mi teléfono?'],
    evaluation: ['Tengo una pregunta: ¿qué tamaño tiene {el}?'],
    heldout: ['¿Cuánto pesa {el} y qué garantía tiene?'],
  },
};

const frame = {
  greetings: { train: ['Hola,', 'Buenos días,', 'Buenas tardes,', 'Estimado equipo,', 'Hola equipo,'], heldout: ['Buenos días equipo,',
    'Buenas tardes equipo,'] },
  openings: {
    any: { train: ['Compré en su tienda.', 'Me llamo {n}.', 'Soy {n}.'], heldout: ['Soy {n}, compré en su tienda.'] },
    asking: { train: ['Necesito ayuda.', 'Espero que me puedan ayudar.'], heldout: ['Espero su ayuda.'] },
  },
  orders: {
    train: ['Mi número de pedido es {o}.', 'Pedido {o}.', 'Es el pedido {o}.', 'Número de pedido: {o}.', 'El pedido es {o}.'],
    heldout: ['El número de mi pedido es {o}.', 'Es el número {o}.'],
  },
  inline_orders: { train: [' del pedido {o}', ' (pedido {o})', ' ({o})', ', pedido {o},'], heldout: [' con número de pedido {o}'] },
  order_dates: { train: ['Pedido {o} del {d}.', 'Mi pedido {o} es del {d}.'], heldout: ['Es el pedido {o} del {d}.'] },
  dates: {
    bought: { train: ['Lo pedí el {d}.', 'Compré el {d}.', 'El pedido es del {d}.'], heldout: ['Mi pedido es del {d}.'] },
    arrived: { train: ['Llegó el {d}.', 'Lo recibí el {d}.'], heldout: ['El paquete llegó el {d}.'] },
    due: { train: ['Prometieron la entrega para el {d}.', 'La fecha de entrega era el {d}.'], heldout: ['La entrega era el {d}.'] },
    since: { train: ['Es así desde el {d}.', 'Empezó el {d}.', 'El problema empezó el {d}.'], heldout: ['El problema es así desde el {d}.'] },
    move: { train: ['Me mudo el {d}.', 'Vivo allí desde el {d}.'], heldout: ['Me mudo allí el {d}.'] },
    wanted: { train: ['Quiero comprar el {d}.', 'Necesito saberlo antes del {d}.'], heldout: ['Quiero comprar antes del {d}.'] },
  },
  urgency: {
    high: {
      train: ['Es urgente.', 'Por favor, respondan hoy.', 'Lo antes posible, por favor.', 'Necesito una solución inmediata.', '¡Es muy urgente!',
        'Lo necesito mañana.',
        'Tengo mucha prisa.', 'Respondan pronto, por favor.'],
      heldout: ['Respondan lo antes posible.', 'Necesito una solución hoy.'],
    },
    low: {
      train: ['No hay prisa.', 'Sin prisa.', 'No es urgente.', 'Cuando tengan tiempo.', 'Puede esperar.', 'La próxima semana está bien.'],
      heldout: ['No tengo prisa.', 'Respondan cuando tengan tiempo.'],
    },
  },
  prefixes: { train: ['Urgente: ', 'URGENTE: '], heldout: ['URGENTE! '] },
  sentiment: {
    negative: {
      train: ['Estoy muy decepcionad[o|a].', 'Esto es inaceptable.', 'Estoy muy enfadad[o|a].', 'Su servicio es pésimo.', 'Qué mala experiencia.',
        'Es una vergüenza.',
        'Nunca más.'],
      heldout: ['Qué servicio pésimo.', 'Esto es una vergüenza, estoy enfadad[o|a].'],
    },
    positive: {
      train: ['Su tienda es genial.', 'Su equipo es siempre muy amable.', 'Por lo demás estoy muy content[o|a] con ustedes.',
        'Su servicio es excelente.',
        'Me encanta comprar en su tienda.', 'Gracias, son ustedes geniales.'],
      heldout: ['Su equipo es genial.', 'Su tienda es excelente, siempre muy amable.'],
    },
  },
  closings: {
    any: { train: ['Gracias.', 'Muchas gracias.', 'Gracias a su equipo.'], heldout: ['Muchas gracias a su equipo.'] },
    asking: { train: ['Gracias de antemano.', 'Espero su respuesta.'], heldout: ['Muchas gracias de antemano.'] },
  },
  sign_offs: { train: ['Saludos, {n}', 'Un saludo, {n}', 'Atentamente, {n}', '{n}'], heldout: ['Gracias. Saludos, {n}', 'Saludos de {n}'] },
};

const articles = {
  mi: { m: 'mi ', f: 'mi ' },
  el: { m: 'el ', f: 'la ' },
  del: { m: 'del ', f: 'de la ' },
  un: { m: 'un ', f: 'una ' },
};

export default { intents, frame, articles };
