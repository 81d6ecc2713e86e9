/// The words of Spanish talk. Questions vary; what is not varied is the one form that answers have.
enum Spanish {
  /// A name with what its articles and adjectives follow.
  struct Name {
    var singular: String
    var plural: String
    var isFeminine = false

    /// By the rule: a vowel takes "s", a consonant "es", "z" becomes "ces".
    init(_ singular: String, feminine: Bool = false, plural: String? = nil) {
      self.singular = singular
      let last = singular.last ?? " "
      let regular =
        "aeiouáéíóú".contains(last) ? singular + "s" : last == "z" ? singular.dropLast() + "ces" : singular + "es"
      self.plural = plural ?? regular
      isFeminine = feminine
    }
  }

  /// The canonical name first.
  static func names(_ noun: Noun) -> [Name] {
    switch noun {
    case .kind(let kind): names(kind)
    case .category(.object): [Name("objeto"), Name("cosa", feminine: true)]
    case .category(.shape): [Name("figura", feminine: true), Name("forma", feminine: true)]
    case .category(.icon): [Name("icono")]
    case .category(.animal): [Name("animal")]
    case .category(.vehicle): [Name("vehículo")]
    case .category(.fruit): [Name("fruta", feminine: true)]
    }
  }

  private static func names(_ kind: ObjectKind) -> [Name] {
    switch kind {
    case .circle: [Name("círculo")]
    case .square: [Name("cuadrado")]
    case .rectangle: [Name("rectángulo")]
    case .triangle: [Name("triángulo")]
    case .pentagon: [Name("pentágono")]
    case .star: [Name("estrella", feminine: true)]
    case .heart: [Name("corazón", plural: "corazones")]
    case .cross: [Name("cruz", feminine: true)]
    case .dog: [Name("perro")]
    case .cat: [Name("gato")]
    case .horse: [Name("caballo")]
    case .bird: [Name("pájaro")]
    case .fish: [Name("pez")]
    case .rabbit: [Name("conejo")]
    case .car: [Name("coche"), Name("carro"), Name("auto")]
    case .bus: [Name("autobús", plural: "autobuses"), Name("bus")]
    case .bicycle: [Name("bicicleta", feminine: true), Name("bici", feminine: true)]
    case .airplane: [Name("avión", plural: "aviones")]
    case .boat: [Name("barco")]
    case .apple: [Name("manzana", feminine: true)]
    case .banana: [Name("plátano"), Name("banana", feminine: true)]
    case .strawberry: [Name("fresa", feminine: true)]
    case .pizza: [Name("pizza", feminine: true)]
    case .cake: [Name("pastel"), Name("tarta", feminine: true)]
    case .cup: [Name("taza", feminine: true)]
    case .book: [Name("libro")]
    case .clock: [Name("reloj")]
    case .key: [Name("llave", feminine: true)]
    case .umbrella: [Name("paraguas", plural: "paraguas")]
    case .ball: [Name("pelota", feminine: true), Name("balón", plural: "balones")]
    case .guitar: [Name("guitarra", feminine: true)]
    case .house: [Name("casa", feminine: true)]
    case .tree: [Name("árbol")]
    case .flower: [Name("flor", feminine: true)]
    case .sun: [Name("sol")]
    case .moon: [Name("luna", feminine: true)]
    case .hat: [Name("sombrero")]
    case .shoe: [Name("zapato")]
    case .lamp: [Name("lámpara", feminine: true)]
    case .phone: [Name("teléfono")]
    case .camera: [Name("cámara", feminine: true)]
    // Said in the singular, too, which spares the verbs a plural.
    case .scissors: [Name("tijera", feminine: true)]
    case .chair: [Name("silla", feminine: true)]
    case .bell: [Name("campana", feminine: true)]
    }
  }

  /// A colour as an adjective.
  static func name(_ colour: SceneColour, feminine: Bool = false, plural: Bool = false) -> String {
    let forms: (masculine: String, feminine: String, plural: String)
    switch colour {
    case .red: forms = ("rojo", "roja", "s")
    case .green: forms = ("verde", "verde", "s")
    case .blue: forms = ("azul", "azul", "es")
    case .yellow: forms = ("amarillo", "amarilla", "s")
    case .orange: forms = ("naranja", "naranja", "s")
    case .purple: forms = ("morado", "morada", "s")
    case .pink: forms = ("rosa", "rosa", "s")
    case .brown: return plural ? "marrones" : "marrón"
    case .black: forms = ("negro", "negra", "s")
    case .white: forms = ("blanco", "blanca", "s")
    case .gray: forms = ("gris", "gris", "es")
    case .teal: forms = ("turquesa", "turquesa", "s")
    }
    return (feminine ? forms.feminine : forms.masculine) + (plural ? forms.plural : "")
  }

  static let numbers = ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis"]

  // MARK: Descriptions

  static func name(_ description: Description) -> Name { names(description.noun)[0] }

  static func bare(_ description: Description, _ name: Name, plural: Bool = false) -> String {
    let adjective = description.colour.map { self.name($0, feminine: name.isFeminine, plural: plural) }
    let noun = plural ? name.plural : name.singular
    return adjective.map { "\(noun) \($0)" } ?? noun
  }

  static func article(_ name: Name, definite: Bool, plural: Bool = false) -> String {
    switch (definite, name.isFeminine, plural) {
    case (true, false, false): return "el"
    case (true, true, false): return "la"
    case (true, false, true): return "los"
    case (true, true, true): return "las"
    case (false, false, false): return "un"
    case (false, true, false): return "una"
    case (false, false, true): return "unos"
    case (false, true, true): return "unas"
    }
  }

  static func a(_ description: Description, _ name: Name) -> String {
    "\(article(name, definite: false)) \(bare(description, name))"
  }

  /// "un perro", "dos perros"
  static func counted(_ count: Int, _ description: Description) -> String {
    let name = name(description)
    if count == 1 { return a(description, name) }
    return "\(numbers.indices.contains(count) ? numbers[count] : "\(count)") \(bare(description, name, plural: true))"
  }

  /// "ninguna estrella roja"
  static func no(_ description: Description) -> String {
    let name = name(description)
    return "\(name.isFeminine ? "ninguna" : "ningún") \(bare(description, name))"
  }

  static func the(_ description: Description) -> String {
    var random: TalkRandom?
    return the(description, name(description), &random)
  }

  /// Put freely if there is chance, otherwise in the canonical form.
  static func the(_ description: Description, _ name: Name, _ random: inout TalkRandom?) -> String {
    let thing = "\(article(name, definite: true)) \(bare(description, name))"
    switch description.selector {
    case nil: return thing
    case .furthest(let direction):
      let words: [String]
      switch direction {
      case .left: words = ["de más a la izquierda", "más a la izquierda", "que está más a la izquierda"]
      case .right: words = ["de más a la derecha", "más a la derecha", "que está más a la derecha"]
      case .above: words = ["de más arriba", "que está más arriba"]
      case .below: words = ["de más abajo", "que está más abajo"]
      }
      return contracted("\(thing) \(pick(words, &random))")
    case .outstanding(let biggest): return "\(thing) \(size(biggest, feminine: name.isFeminine))"
    case .place(let place):
      let words = word(place)
      let short =
        words.hasPrefix("a la ") ? "de" + words.dropFirst(1) : words == "en el centro" ? "del centro" : "de " + words
      return "\(thing) \(pick([short, "que está \(words)"], &random))"
    case .relation(let direction, let colour, let noun):
      let other = Description(colour, noun)
      let otherName = random == nil ? self.name(other) : pick(names(noun), &random)
      let link = pick(["", "", "que está "], &random)
      return contracted("\(thing) \(link)\(pick(prepositions(direction), &random)) \(the(other, otherName, &random))")
    }
  }

  /// The first without chance.
  static func pick<Element>(_ elements: [Element], _ random: inout TalkRandom?) -> Element {
    elements[random?.below(elements.count) ?? 0]
  }

  /// "más grande", "más pequeña"
  static func size(_ bigger: Bool, feminine: Bool) -> String {
    bigger ? "más grande" : feminine ? "más pequeña" : "más pequeño"
  }

  /// "de el" is written "del", "a el" "al".
  static func contracted(_ text: String) -> String {
    var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    var index = words.count - 1
    while index > 0 {
      if words[index] == "el", words[index - 1].lowercased() == "de" || words[index - 1].lowercased() == "a" {
        words[index - 1] += "l"
        words.remove(at: index)
      }
      index -= 1
    }
    return words.joined(separator: " ")
  }

  // MARK: Where

  static func word(_ direction: Direction) -> String {
    switch direction {
    case .left: "a la izquierda"
    case .right: "a la derecha"
    case .above: "encima"
    case .below: "debajo"
    }
  }

  static func prepositions(_ direction: Direction) -> [String] {
    switch direction {
    case .left: ["a la izquierda de"]
    case .right: ["a la derecha de"]
    case .above: ["encima de", "por encima de", "más arriba que"]
    case .below: ["debajo de", "por debajo de", "más abajo que"]
    }
  }

  static func word(_ place: Place) -> String {
    if place == .middle { return "en el centro" }
    let row = place.row == .top ? "arriba" : place.row == .bottom ? "abajo" : nil
    let column = place.column == .left ? "a la izquierda" : place.column == .right ? "a la derecha" : nil
    return [row, column].compactMap { $0 }.joined(separator: " ")
  }
}
