import Diagnostics
import Dialogue
import Yams

/// A value in a configuration, and where it stands, for messages.
struct ConfigurationValue {
  /// The value. It has no mark if it comes from an option of the command line.
  let node: Node
  /// The keys that lead to it: `run.max_epoch`.
  let path: String
  /// The file, as the user named it.
  let file: String
  /// The folder that paths in the file are relative to.
  let directory: String

  /// The value under a key of this mapping.
  func member(_ key: String, _ node: Node) -> ConfigurationValue {
    ConfigurationValue(node: node, path: path.isEmpty ? key : "\(path).\(key)", file: file, directory: directory)
  }

  /// An element of this list.
  func element(_ index: Int, _ node: Node) -> ConfigurationValue {
    ConfigurationValue(node: node, path: "\(path)[\(index)]", file: file, directory: directory)
  }

  /// That something else should be here.
  func error(expected: String, found: String? = nil, remedy: String? = nil) -> InputError {
    var place = "--options"
    if let mark = node.mark { place = "\(file):\(mark.line):\(mark.column)" }
    return InputError(
      file: place, field: path.isEmpty ? nil : path, expected: expected, found: found ?? kind, remedy: remedy)
  }

  /// The text of an unquoted scalar, nil for anything else.
  var plainText: String? {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return nil }
    return scalar.string
  }

  /// What this is, in words.
  private var kind: String {
    switch node {
    case .scalar(let scalar): isNull ? "nothing" : "'\(scalar.string.escapingControlCharacters(limit: 60))'"
    case .mapping(let mapping): "a mapping of \(mapping.count)"
    case .sequence(let sequence): "a list of \(sequence.count)"
    case .alias: "an alias"
    }
  }

  /// Whether nothing stands behind the key, or `null` or `~`.
  var isNull: Bool { plainText.map { ["", "~", "null", "Null", "NULL"].contains($0) } ?? false }
}

/// A part of the configuration that is a mapping with known keys.
protocol ConfigurationSection: Sendable {
  /// With the defaults.
  init()
  /// A table of its keys, in the order in which they are written.
  static var fields: [ConfigurationField<Self>] { get }
  /// Throws if the values do not go together.
  func check(_ value: ConfigurationValue) throws(InputError)
}

extension ConfigurationSection {
  func check(_ value: ConfigurationValue) throws(InputError) {}

  /// Reads a mapping. A key without a value counts as absent.
  init(_ value: ConfigurationValue) throws(InputError) {
    self.init()
    guard case .mapping(let mapping) = value.node else {
      throw value.error(expected: "a mapping with \(Self.fields.map(\.key).joined(separator: ", "))")
    }
    // Misspelt keys first: they explain why another one is missing.
    var members: [(field: ConfigurationField<Self>, value: ConfigurationValue)] = []
    for (keyNode, node) in mapping {
      let key = keyNode.scalar?.string ?? ""
      guard let field = Self.fields.first(where: { $0.key == key }) else {
        let nearest = Spelling.nearest(to: key, in: Self.fields.map(\.key)) ?? ""
        throw value.member(key, keyNode).error(
          expected: "a known key", found: "'\(key)'", remedy: "The nearest known key is \(nearest)")
      }
      let member = value.member(key, node)
      if !member.isNull { members.append((field, member)) }
    }
    for field in Self.fields where field.isRequired {
      guard members.contains(where: { $0.field.key == field.key }) else {
        throw value.member(field.key, value.node).error(expected: "a value", found: "no such key")
      }
    }
    for member in members { try member.field.decode(member.value, &self) }
    try check(value)
  }

  /// As a mapping with every key that has a value.
  var node: Node {
    Node(Self.fields.compactMap { field in field.encode(self).map { (Node(field.key, .implicit, .plain), $0) } })
  }
}

/// A key of a section: which property it sets, and how it is written.
struct ConfigurationField<Section>: Sendable {
  let key: String
  let isRequired: Bool
  let decode: @Sendable (ConfigurationValue, inout Section) throws(InputError) -> Void
  let encode: @Sendable (Section) -> Node?

  init<Value>(
    _ key: String, _ property: WritableKeyPath<Section, Value> & Sendable, _ codec: ConfigurationCodec<Value>,
    isRequired: Bool = false
  ) {
    self.key = key
    self.isRequired = isRequired
    decode = { value, section throws(InputError) in section[keyPath: property] = try codec.decode(value) }
    encode = { codec.encode($0[keyPath: property]) }
  }
}
