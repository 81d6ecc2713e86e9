extension Spanish {
  /// What stands in a slot of a wording, put freely. A name keeps its synonym for the whole of a question, so that articles
  /// and adjectives agree with it.
  struct Filler {
    private let topic: QuestionTopic
    private var random: TalkRandom?
    private let it: Name?
    private let other: Name?

    init(_ topic: QuestionTopic, _ chance: inout TalkRandom) {
      self.topic = topic
      func name(_ description: Description?, _ chance: inout TalkRandom) -> Name? {
        guard let description else { return nil }
        let names = Spanish.names(description.noun)
        return chance.chance(0.7) ? names.first : chance.pick(names)
      }
      it = name(topic.it, &chance)
      other = name(topic.other, &chance)
      random = TalkRandom(seed: chance.next())
    }

    mutating func fill(_ slot: String) -> String {
      let words = slot.split(separator: " ").map(String.init)
      if words.count == 2 {
        let isOther = words[1] == "other"
        guard let description = isOther ? topic.other : topic.it, let name = isOther ? other : it else { return "" }
        return fill(words[0], description, name)
      }
      switch slot {
      case "colour": return topic.colour.map { Spanish.name($0) } ?? ""
      case "feminine": return topic.colour.map { Spanish.name($0, feminine: true) } ?? ""
      case "direction": return topic.direction.map { pick(prepositions($0), &random) } ?? ""
      case "place": return topic.place.map(word) ?? ""
      case "further": return topic.direction.map(further) ?? ""
      case "bigger": return size(topic.bigger, feminine: false)
      case "box": return topic.box
      case "here": return pick(["", "", "", "", " en la imagen", " en la foto", " aquí", " en esta imagen"], &random)
      case "names": return names(plural: topic.names.count > 1 || pick([true, false], &random))
      case "plurals": return names(plural: true)
      default: return ""
      }
    }

    private mutating func fill(_ form: String, _ description: Description, _ name: Name) -> String {
      switch form {
      case "the": return the(description, name, &random)
      case "a": return a(description, name)
      // Without its article, but with all that tells it from others.
      case "bare":
        return the(description, name, &random).split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
      case "plural": return bare(description, name, plural: true)
      case "all": return "\(article(name, definite: true, plural: true)) \(bare(description, name, plural: true))"
      case "article": return article(name, definite: true)
      case "adjective": return topic.colour.map { Spanish.name($0, feminine: name.isFeminine) } ?? ""
      case "many": return name.isFeminine ? "cuántas" : "cuántos"
      case "some": return "\(name.isFeminine ? "alguna" : "algún") \(bare(description, name))"
      case "none": return "\(name.isFeminine ? "ninguna" : "ningún") \(bare(description, name))"
      case "bigger": return size(topic.bigger, feminine: name.isFeminine)
      default: return ""
      }
    }

    private mutating func names(plural: Bool) -> String {
      var words: [String] = []
      for name in topic.names {
        words.append(Spanish.bare(name, pick(Spanish.names(name.noun), &random), plural: plural))
      }
      return TalkAnswer.listed(words, and: "y")
    }

    private func further(_ direction: Direction) -> String {
      switch direction {
      case .left: "más a la izquierda"
      case .right: "más a la derecha"
      case .above: "más arriba"
      case .below: "más abajo"
      }
    }
  }
}
