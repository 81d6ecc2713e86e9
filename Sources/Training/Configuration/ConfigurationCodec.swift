import Diagnostics
import ModelFiles
import Yams

/// How a value is written in a configuration: its type, its range, and the way back.
struct ConfigurationCodec<Value>: Sendable {
  let decode: @Sendable (ConfigurationValue) throws(InputError) -> Value
  /// nil if the key is left out.
  let encode: @Sendable (Value) -> Node?
}

// MARK: - Scalars

extension ConfigurationCodec where Value == Int {
  static func integer(_ range: ClosedRange<Int>) -> Self {
    Self { value throws(InputError) in
      guard let number = value.plainText.flatMap(Int.init), range.contains(number) else {
        throw value.error(expected: "a whole number \(range.words)")
      }
      return number
    } encode: {
      .plain("\($0)")
    }
  }
}

extension ConfigurationCodec where Value == Double {
  static func number(_ range: ClosedRange<Double>) -> Self {
    Self { value throws(InputError) in
      // YAML 1.1 has 1e-5 as a text; upstream converts it, and everyone writes it.
      guard let number = value.plainText.flatMap(Double.init), range.contains(number) else {
        throw value.error(expected: "a number \(range.words)")
      }
      return number
    } encode: {
      .plain("\($0)")
    }
  }

  /// A probability, or `true` for 0.5 and `false` for 0.
  static var likelihood: Self {
    Self { value throws(InputError) in
      if let switched = value.node.bool { return switched ? 0.5 : 0 }
      guard let number = value.plainText.flatMap(Double.init), (0...1).contains(number) else {
        throw value.error(expected: "true, false or a probability from 0 to 1")
      }
      return number
    } encode: {
      .plain("\($0)")
    }
  }
}

extension ConfigurationCodec where Value == Bool {
  static var bool: Self {
    Self { value throws(InputError) in
      guard let bool = value.node.bool else { throw value.error(expected: "true or false") }
      return bool
    } encode: {
      .plain("\($0)")
    }
  }
}

extension ConfigurationCodec where Value == String {
  static var string: Self {
    Self { value throws(InputError) in
      guard case .scalar(let scalar) = value.node, !scalar.string.isEmpty else {
        throw value.error(expected: "a text")
      }
      if value.plainText != nil, value.node.bool != nil || Double(scalar.string) != nil {
        throw value.error(expected: "a text", remedy: "Put it in quotes if it is one")
      }
      return scalar.string
    } encode: {
      .quoted($0)
    }
  }

  /// A path, which is relative to the file's folder, or on the command line to the working directory. It stays as it was
  /// written, behind that folder, for messages; what is written out holds in any folder.
  static var path: Self {
    Self { value throws(InputError) in
      let path = try string.decode(value)
      let isRelativeToFile = !path.hasPrefix("/") && value.node.mark != nil && !value.directory.isEmpty
      return isRelativeToFile ? join(value.directory, path) : path
    } encode: {
      .quoted($0.absolutePath)
    }
  }
}

extension ConfigurationCodec {
  /// One of the words of an enumeration.
  static func choice() -> Self where Value: CaseIterable & RawRepresentable<String> & Sendable {
    let words = Value.allCases.map(\.rawValue)
    return Self { value throws(InputError) in
      guard case .scalar(let scalar) = value.node, let choice = Value(rawValue: scalar.string) else {
        throw value.error(expected: words.joined(separator: " or "))
      }
      return choice
    } encode: {
      .plain($0.rawValue)
    }
  }

  /// A value that may be absent.
  static func optional<Wrapped>(_ codec: ConfigurationCodec<Wrapped>) -> Self where Value == Wrapped? {
    Self { value throws(InputError) in
      try codec.decode(value)
    } encode: {
      $0.flatMap(codec.encode)
    }
  }
}

// MARK: - Lists and mappings

extension ConfigurationCodec {
  /// A list.
  static func list<Element>(_ codec: ConfigurationCodec<Element>) -> Self where Value == [Element] {
    Self { value throws(InputError) in
      guard case .sequence(let sequence) = value.node else { throw value.error(expected: "a list") }
      var elements: [Element] = []
      for (index, node) in sequence.enumerated() { elements.append(try codec.decode(value.element(index, node))) }
      return elements
    } encode: { elements in
      let nodes = elements.compactMap(codec.encode)
      return Node(nodes, .implicit, nodes.allSatisfy { $0.scalar != nil } ? .flow : .block)
    }
  }

  /// A mapping with known keys.
  static func section() -> Self where Value: ConfigurationSection {
    Self { value throws(InputError) in
      try Value(value)
    } encode: {
      $0.node
    }
  }
}

extension ConfigurationCodec where Value == ClosedRange<Int> {
  /// Two whole numbers, `[least, most]`.
  static func bounds(_ range: ClosedRange<Int>) -> Self {
    let codec = ConfigurationCodec<[Int]>.list(.integer(range))
    return Self { value throws(InputError) in
      let numbers = try codec.decode(value)
      guard numbers.count == 2, numbers[0] <= numbers[1] else {
        throw value.error(
          expected: "[least, most]", found: "[\(numbers.map(String.init).joined(separator: ", "))]")
      }
      return numbers[0]...numbers[1]
    } encode: {
      codec.encode([$0.lowerBound, $0.upperBound])
    }
  }
}

// MARK: - Words

extension Node {
  /// A number or a word that needs no quotes.
  static func plain(_ text: String) -> Node { Node(text, .implicit, .plain) }
  /// A text that may look like anything.
  static func quoted(_ text: String) -> Node { Node(text, .implicit, .doubleQuoted) }
}

extension ClosedRange<Int> {
  /// How a message says it.
  fileprivate var words: String {
    upperBound >= Int(Int32.max) ? "of at least \(lowerBound)" : "from \(lowerBound) to \(upperBound)"
  }
}

extension ClosedRange<Double> {
  /// How a message says it.
  fileprivate var words: String {
    upperBound == .greatestFiniteMagnitude
      ? "of at least \(lowerBound.shortText)" : "from \(lowerBound.shortText) to \(upperBound.shortText)"
  }
}

extension Double {
  /// Without `.0` for a whole number.
  private var wholeText: String? { abs(self) < 1e9 && rounded() == self ? "\(Int(self))" : nil }
  fileprivate var shortText: String { wholeText ?? "\(self)" }
}
