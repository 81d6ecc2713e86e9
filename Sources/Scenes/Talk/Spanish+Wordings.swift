extension Spanish {
  /// The ways to ask.
  static func wordings(_ form: QuestionForm) -> [Wording] { all[form] ?? [] }

  private static let all = attributes.merging(amounts) { $1 }.merging(positions) { $1 }.merging(tasks) { $1 }

  private static let attributes: [QuestionForm: [Wording]] = [
    .colourOf: [
      "¿de qué color es {the it}{here}?", "¿de qué color es {the it}?", "¿qué color tiene {the it}{here}?",
      "¿cuál es el color de {the it}?", "dime (el color de|de qué color es) {the it}", "¿{the it} de qué color es?",
      "¿(puedes decirme|sabes) de qué color es {the it}?", "el color de {the it}", "¿de qué color ves {the it}?",
      "quiero saber el color de {the it}", "{the it}, ¿de qué color es?", "¿me dices de qué color es {the it}?",
    ],
    .coloursOf: [
      "¿de qué color son {all it}{here}?", "¿qué color tienen {all it}?", "¿cuál es el color de {all it}?",
      "dime de qué color son {all it}", "{all it}, ¿de qué color son?", "el color de {all it}",
    ],
    .isColour: [
      "¿es {adjective it} {the it}?", "¿es {the it} {adjective it}?", "¿{the it} es {adjective it}?",
      "¿es de color {colour} {the it}?", "¿{the it} es de color {colour}?", "¿tiene {the it} color {colour}?",
      "{the it} es {adjective it}, ¿verdad?", "dime si {the it} es {adjective it}",
      "¿dirías que {the it} es {adjective it}?",
      "¿ves que {the it} es {adjective it}?", "¿el color de {the it} es {colour}?", "¿se ve {adjective it} {the it}?",
    ],
    .shapeOf: [
      "¿qué forma tiene {the it}{here}?", "¿cuál es la forma de {the it}?", "¿qué figura es {the it}?",
      "dime (la forma de|qué forma tiene) {the it}", "¿de qué forma es {the it}?", "{the it}, ¿qué forma tiene?",
      "¿(puedes decirme|sabes) qué forma tiene {the it}?", "¿qué tipo de figura es {the it}?", "la forma de {the it}",
      "¿qué figura geométrica es {the it}?", "¿con qué forma se dibujó {the it}?", "quiero saber la forma de {the it}",
    ],
    .shapeInColour: [
      "¿qué figura es {feminine}{here}?", "¿qué figura {feminine} hay{here}?", "¿qué figura {feminine} ves{here}?",
      "¿cuál de las figuras es {feminine}?", "¿qué forma tiene la figura {feminine}?", "dime qué figura es {feminine}",
      "¿qué figura es de color {colour}?", "¿cuál es la forma de la figura {feminine}?",
      "¿qué figura geométrica es {feminine}?",
      "¿qué tipo de figura es la {feminine}?", "la figura {feminine}, ¿qué forma tiene?",
      "¿qué forma es de color {colour}?",
    ],
    .kindOf: [
      "¿qué es {the it}{here}?", "¿qué es {the it}?", "¿{the it} qué es?", "dime qué es {the it}", "{the it}, ¿qué es?",
      "¿(puedes decirme|sabes) qué es {the it}?", "¿qué cosa es {the it}?", "¿qué representa {the it}?",
      "¿cómo se llama {the it}?", "¿qué se ve: qué es {the it}?", "nombra {the it}", "quiero saber qué es {the it}",
    ],
    .whatCategory: [
      "¿qué {bare it} hay{here}?", "¿qué {bare it} es?", "¿qué {bare it} ves{here}?", "¿qué {bare it} se ve{here}?",
      "¿qué {bare it} aparece{here}?", "¿cuál es {the it}{here}?", "dime qué {bare it} hay", "hay {a it}, ¿cuál es?",
      "¿(puedes decirme|sabes) qué {bare it} es?", "¿qué {bare it} muestra la (imagen|foto)?",
      "¿qué tipo de {bare it} hay{here}?",
      "nombra {the it}{here}",
    ],
    .onlyThing: [
      "¿qué es (esto|eso)?", "¿qué hay{here}?", "¿qué ves{here}?", "¿qué (muestra|enseña) la (imagen|foto)?",
      "¿qué se ve{here}?",
      "dime qué es esto", "¿qué objeto es este?", "¿qué objeto hay{here}?", "¿qué aparece{here}?", "¿qué estoy viendo?",
      "¿qué cosa es?", "¿qué puedes ver{here}?",
    ],
    .whatAt: [
      "¿qué hay {place}?", "¿qué hay {place}{here}?", "¿qué ves {place}?", "¿qué se ve {place}?", "¿qué está {place}?",
      "{place}, ¿qué hay?", "dime qué hay {place}", "¿qué objeto está {place}?", "¿qué cosa hay {place}?",
      "¿qué aparece {place}?",
      "¿(puedes decirme|sabes) qué hay {place}?", "nombra lo que hay {place}",
    ],
  ]

  private static let amounts: [QuestionForm: [Wording]] = [
    .howMany: [
      "¿{many it} {plural it} hay{here}?", "¿{many it} {plural it} hay?", "¿{many it} {plural it} ves{here}?",
      "¿{many it} {plural it} se ven{here}?", "¿{many it} {plural it} puedes contar{here}?", "cuenta {all it}{here}",
      "dime {many it} {plural it} hay{here}", "¿cuál es el número de {plural it}?", "número de {plural it}",
      "{plural it}: ¿{many it} hay?", "¿{many it} {plural it} (tiene|muestra) la (imagen|foto)?",
      "¿(puedes decirme|sabes) {many it} {plural it} hay?",
    ],
    .howManyAtAll: [
      "¿cuántos objetos hay{here}?", "¿cuántas cosas hay{here}?", "¿cuántos objetos hay en total?",
      "¿cuántas cosas ves{here}?",
      "cuenta (los objetos|las cosas|todo){here}", "¿cuál es el número total de objetos?",
      "¿cuántos objetos se ven{here}?",
      "dime cuántos objetos hay", "número de objetos", "¿cuántas cosas hay en total{here}?",
      "¿cuántos objetos puedes contar?",
      "¿cuántos objetos (tiene|muestra) la (imagen|foto)?",
    ],
    .isThere: [
      "¿hay {a it}{here}?", "¿hay {a it}?", "¿hay {some it}{here}?", "¿ves {a it}{here}?", "¿se ve {a it}{here}?",
      "¿hay {plural it}{here}?", "¿aparece {a it}{here}?", "¿puedes ver {a it}{here}?", "dime si hay {a it}{here}",
      "¿la (imagen|foto) (tiene|muestra) {a it}?", "¿existe {a it}{here}?", "{a it}, ¿hay{here}?",
    ],
    .isThereNot: [
      "¿no hay {a it}{here}?", "¿no hay {none it}{here}?", "¿no ves {none it}{here}?", "¿no hay {plural it}{here}?",
      "¿no se ve {a it}{here}?", "¿no ves {a it}{here}?", "¿no aparece {none it}{here}?",
      "¿la (imagen|foto) no (tiene|muestra) {none it}?",
      "¿acaso no hay {a it}{here}?", "¿es que no hay {plural it}{here}?", "¿no puedes ver {a it}{here}?",
      "¿no existe {none it}{here}?",
    ],
    .isBigger: [
      "¿es {the it} {bigger it} que {the other}?", "¿{the it} es {bigger it} que {the other}?",
      "¿es {bigger it} {the it} que {the other}?",
      "dime si {the it} es {bigger it} que {the other}", "{the it} es {bigger it} que {the other}, ¿verdad?",
      "¿dirías que {the it} es {bigger it} que {the other}?", "¿se ve {the it} {bigger it} que {the other}?",
      "{the it}, ¿es {bigger it} que {the other}?", "¿ves {the it} {bigger it} que {the other}?",
      "en comparación con {the other}, ¿{the it} es {bigger it}?",
      "¿{the it} parece {bigger it} que {the other}?", "¿crees que {the it} es {bigger it} que {the other}?",
    ],
    .whichIsBigger: [
      "¿qué es {bigger}, {the it} o {the other}?", "¿cuál es {bigger}, {the it} o {the other}?",
      "¿{the it} o {the other}, qué es {bigger}?",
      "¿{the it} o {the other}: cuál es {bigger}?", "dime qué es {bigger}, {the it} o {the other}",
      "entre {the it} y {the other}, ¿qué es {bigger}?",
      "¿qué se ve {bigger}, {the it} o {the other}?", "¿cuál de los dos es {bigger}, {the it} o {the other}?",
      "¿qué parece {bigger}: {the it} o {the other}?", "¿qué objeto es {bigger}, {the it} o {the other}?",
      "{the it} y {the other}: ¿qué es {bigger}?", "¿es {bigger} {the it} o {the other}?",
    ],
    .whichIsBiggest: [
      "¿cuál es {the it} {bigger it}{here}?", "¿qué {bare it} es {article it} {bigger it}?",
      "¿cuál es {the it} {bigger it}?",
      "¿cuál de {all it} es {article it} {bigger it}?", "nombra {the it} {bigger it}",
      "dime cuál es {the it} {bigger it}",
      "¿qué es {the it} {bigger it}{here}?", "de {all it}, ¿cuál es {article it} {bigger it}?",
      "{the it} {bigger it}, ¿cuál es?",
      "¿(puedes decirme|sabes) cuál es {the it} {bigger it}?", "¿qué {bare it} es {bigger it} que todo lo demás?",
      "¿qué {bare it} ves {bigger it}?",
    ],
  ]

  private static let positions: [QuestionForm: [Wording]] = [
    .isInDirection: [
      "¿está {the it} {direction} {the other}?", "¿{the it} está {direction} {the other}?",
      "¿está {the it} {direction} {the other}{here}?",
      "dime si {the it} está {direction} {the other}", "{the it} está {direction} {the other}, ¿verdad?",
      "¿ves {the it} {direction} {the other}?",
      "¿se ve {the it} {direction} {the other}?", "{the it}, ¿está {direction} {the other}?",
      "¿dirías que {the it} está {direction} {the other}?",
      "¿se encuentra {the it} {direction} {the other}?", "¿queda {the it} {direction} {the other}?",
      "¿{direction} {the other} está {the it}?",
    ],
    .whatInDirection: [
      "¿qué hay {direction} {the other}?", "¿qué está {direction} {the other}?", "¿qué ves {direction} {the other}?",
      "¿qué se ve {direction} {the other}?",
      "dime qué hay {direction} {the other}", "¿qué objeto está {direction} {the other}?",
      "¿qué cosa hay {direction} {the other}?",
      "{direction} {the other}, ¿qué hay?", "¿qué aparece {direction} {the other}?",
      "nombra lo que hay {direction} {the other}",
      "¿(puedes decirme|sabes) qué hay {direction} {the other}?", "¿qué queda {direction} {the other}?",
    ],
    .leftOrRight: [
      "¿está {the it} a la izquierda o a la derecha de {the other}?",
      "¿{the it} está a la derecha o a la izquierda de {the other}?",
      "¿a qué lado de {the other} está {the it}?", "¿de qué lado de {the other} está {the it}?",
      "{the it}: ¿a la izquierda o a la derecha de {the other}?",
      "dime si {the it} está a la izquierda o a la derecha de {the other}",
      "¿a la izquierda o a la derecha de {the other} está {the it}?",
      "¿a qué lado de {the other} ves {the it}?", "¿queda {the it} a la izquierda o a la derecha de {the other}?",
      "¿en qué lado de {the other} está {the it}?",
      "visto desde {the other}, ¿{the it} está a la izquierda o a la derecha?",
      "¿a qué lado de {the other} se encuentra {the it}?",
    ],
    .aboveOrBelow: [
      "¿está {the it} encima o debajo de {the other}?", "¿{the it} está debajo o encima de {the other}?",
      "¿está {the it} por encima o por debajo de {the other}?",
      "{the it}: ¿encima o debajo de {the other}?", "dime si {the it} está encima o debajo de {the other}",
      "¿ves {the it} encima o debajo de {the other}?",
      "¿queda {the it} encima o debajo de {the other}?", "¿encima o debajo de {the other} está {the it}?",
      "¿se ve {the it} por encima o por debajo de {the other}?",
      "¿se encuentra {the it} encima o debajo de {the other}?",
      "visto desde {the other}, ¿{the it} está encima o debajo?",
      "¿aparece {the it} encima o debajo de {the other}?",
    ],
    .furtherLeftOrRight: [
      "¿qué está {further}, {the it} o {the other}?", "¿cuál está {further}, {the it} o {the other}?",
      "¿{the it} o {the other}, qué está {further}?",
      "dime qué está {further}, {the it} o {the other}", "entre {the it} y {the other}, ¿qué está {further}?",
      "¿cuál de los dos está {further}, {the it} o {the other}?",
    ],
    .side: [
      "¿está {the it} a la izquierda o a la derecha{here}?", "¿{the it} está a la derecha o a la izquierda?",
      "¿en qué lado{here} está {the it}?",
      "¿de qué lado está {the it}?", "¿a qué lado está {the it}?", "{the it}: ¿a la izquierda o a la derecha?",
      "dime si {the it} está a la izquierda o a la derecha",
      "¿ves {the it} a la izquierda o a la derecha?", "¿en qué mitad está {the it}, izquierda o derecha?",
      "¿a la izquierda o a la derecha está {the it}?",
      "¿queda {the it} a la izquierda o a la derecha{here}?", "¿en qué lado de la (imagen|foto) ves {the it}?",
    ],
    .level: [
      "¿está {the it} arriba o abajo{here}?", "¿{the it} está arriba o abajo?", "¿está {the it} abajo o arriba?",
      "{the it}: ¿arriba o abajo?",
      "dime si {the it} está arriba o abajo", "¿ves {the it} arriba o abajo?",
      "¿en qué mitad está {the it}, arriba o abajo?", "¿arriba o abajo está {the it}?",
      "¿queda {the it} arriba o abajo{here}?", "¿aparece {the it} arriba o abajo?",
      "¿se ve {the it} arriba o abajo{here}?", "{the it}, ¿está arriba o abajo?",
    ],
    .placeOf: [
      "¿dónde está {the it}{here}?", "¿dónde está {the it}?", "¿dónde ves {the it}{here}?",
      "¿en qué parte de la (imagen|foto) está {the it}?",
      "dime dónde está {the it}", "¿dónde se encuentra {the it}?", "¿(puedes decirme|sabes) dónde está {the it}?",
      "{the it}, ¿dónde está?",
      "¿cuál es la posición de {the it}?", "¿dónde queda {the it}?", "¿por dónde está {the it}?",
      "¿dónde aparece {the it}{here}?",
    ],
  ]

  private static let tasks: [QuestionForm: [Wording]] = [
    .refer: [
      "{the it}", "{the it}", "{the it}", "{bare it}", "¿dónde está {the it}?", "¿dónde está {the it}{here}?",
      "busca {the it}", "encuentra {the it}",
      "muéstrame {the it}", "señala {the it}", "marca {the it}", "dime dónde está {the it}", "localiza {the it}",
      "la posición de {the it}",
    ],
    .identify: [
      "¿qué es esto? {box}", "¿qué es esto {box}?", "{box} ¿qué es?", "¿qué hay en {box}?", "¿qué ves en {box}?",
      "¿qué objeto está en {box}?",
      "dime qué hay en {box}", "¿qué se ve en {box}?", "{box}, ¿qué es?", "¿qué muestra {box}?",
      "mira {box}, ¿qué hay?", "nombra lo que hay en {box}",
    ],
    .detection: [
      "{names}", "{names}", "{names}", "busca {names}", "encuentra {names}", "detecta {names}", "muéstrame {names}",
      "marca {names}", "localiza {names}",
      "señala {names}", "¿dónde hay {plurals}?", "cajas de {plurals}", "enséñame {names}",
    ],
    .grounding: [
      "describe la (imagen|foto) en detalle", "describe esta imagen con detalle", "describe todo y dónde está",
      "di qué hay y dónde",
      "¿qué hay en la imagen y dónde está?", "describe la imagen y señala lo que nombras",
      "describe la imagen con cajas", "¿qué ves y dónde?",
      "una descripción detallada, por favor", "haz una descripción detallada de la imagen",
      "nombra todos los objetos y su lugar",
      "describe lo que ves y localízalo",
    ],
    .caption: [
      "describe la (imagen|foto)", "describe brevemente esta imagen", "describe la imagen en una frase",
      "¿qué hay{here}?", "¿qué ves{here}?",
      "¿qué (muestra|enseña) la (imagen|foto)?", "¿qué se ve{here}?", "una descripción corta, por favor",
      "escribe un pie de foto", "di qué hay{here}",
      "nombra todo lo que ves", "¿puedes describir la (imagen|foto)?",
    ],
    .greeting: [
      "hola", "¡hola!", "buenas", "buenos días", "buenas tardes", "buenas noches", "hola, ¿qué tal?",
      "hola, ¿cómo estás?", "muy buenas",
    ],
    .whatDoYouSee: [
      "¿qué ves?", "¿qué ves{here}?", "¿qué puedes ver?", "¿qué hay{here}?", "¿qué se ve{here}?",
      "háblame de la (imagen|foto)", "¿qué muestra?",
      "describe la (imagen|foto)", "describe lo que ves", "¿qué tenemos aquí?", "¿de qué es la (imagen|foto)?",
      "¿qué aparece{here}?",
    ],
    .andColourOf: [
      "¿y {the it}?", "¿y {the it}?", "¿y qué tal {the it}?", "¿y el color de {the it}?", "¿y el de {the it}?",
      "vale, ¿y {the it}?", "bien, ¿y {the it}?",
      "¿y de qué color es {the it}?", "ahora {the it}", "lo mismo con {the it}",
    ],
    .itsColour: [
      "¿de qué color es?", "¿de qué color es?", "¿y su color?", "¿qué color tiene?", "¿cuál es su color?",
      "¿y de qué color es?", "dime su color",
      "¿de qué color?", "vale, ¿y el color?", "¿y el color?",
    ],
    .itsPlace: [
      "¿dónde está?", "¿dónde está?", "¿y dónde está?", "¿dónde?", "¿y dónde?", "¿en qué parte de la (imagen|foto)?",
      "¿dónde lo ves?", "dime dónde está",
      "¿cuál es su posición?", "¿dónde se encuentra?",
    ],
    .thanks: [
      "gracias", "¡gracias!", "muchas gracias", "mil gracias", "vale, gracias", "bien, gracias", "te lo agradezco",
      "muy amable, gracias",
    ],
    .whoAreYou: [
      "¿quién eres?", "¿qué eres?", "¿cómo te llamas?", "¿con quién hablo?", "preséntate", "¿eres un robot?",
      "háblame de ti", "¿qué sabes hacer?",
      "¿eres una persona?", "¿y tú quién eres?",
    ],
  ]
}
