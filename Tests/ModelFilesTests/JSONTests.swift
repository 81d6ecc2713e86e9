import Diagnostics
import ModelFiles
import Testing

@Suite struct JSONTests {
  @Test("values and their order")
  func values() throws {
    let text = #" {"b":[1,-2.5e3,true,null,"\u00e9\ud83d\ude42\n\/\"é"],"a":{},"big":18446744073709551614,"z":-0} "#
    let json = try JSONValue.parse(bytes: text.utf8, file: "x")
    #expect(json.object?.map(\.key) == ["b", "a", "big", "z"])
    #expect(json["b"]?.array == [.integer(1), .number(-2500), .bool(true), .null, .string("é🙂\n/\"é")])
    #expect(json["a"] == .object(JSONObject([])))
    #expect(json["big"] == .number(18446744073709551614))
    #expect(try JSONValue.parse(bytes: json.text.utf8, file: "x") == json)
    #expect(try JSONValue.parse(bytes: json.indentedText.utf8, file: "x") == json)
  }

  @Test(
    "what is no JSON is refused with its offset",
    arguments: [
      ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\" 1}", 5), ("{a:1}", 1), ("01", 0), ("1.", 2), ("1e", 2), ("-", 0),
      ("+1", 0), ("\"\\x\"", 2), ("\"\\ud800\"", 3), ("\"\\ud800\\u0041\"", 3), ("\"\u{1}\"", 1), ("\"a", 2),
      ("tru", 0), ("nulL", 0), ("[1] 2", 4), ("{\"a\":1,\"a\":2}", 0), ("1e999", 0), ("'a'", 0), ("[1 2]", 3),
      ("\u{feff}1", 0), ("NaN", 0), ("\"\\u12g4\"", 5),
    ] as [(String, UInt64)])
  func refused(_ text: String, _ offset: UInt64) throws {
    let error = #expect(throws: InputError.self) { try JSONValue.parse(bytes: text.utf8, file: "x.json") }
    #expect(error?.offset == offset && error?.file == "x.json")
  }

  @Test(
    "bytes that are no UTF-8 are refused",
    arguments: [[0x22, 0xff, 0x22], [0x22, 0x5c, 0x6e, 0xc3, 0x22]] as [[UInt8]])
  func noText(_ bytes: [UInt8]) throws {
    #expect(throws: InputError.self) { try JSONValue.parse(bytes: bytes, file: "x") }
  }

  @Test("objects of many keys find them, and find what occurs twice")
  func manyKeys() throws {
    let members = (0..<1000).map { "\"k\($0)\":\($0)" }
    let json = try JSONValue.parse(bytes: "{\(members.joined(separator: ","))}".utf8, file: "x")
    #expect(json["k777"]?.integer == 777 && json["k1000"] == nil)
    let text = "{\((members + ["\"k500\":1"]).joined(separator: ","))}"
    let error = #expect(throws: InputError.self) { try JSONValue.parse(bytes: text.utf8, file: "x") }
    #expect(error?.found == "\"k500\" twice")
  }

  @Test("typed access names the key")
  func access() throws {
    let json = try JSONValue.parse(
      bytes: #"{"r":8,"alpha":16.5,"name":"x","on":true,"none":null,"l":["a","b"]}"#.utf8, file: "c")
    #expect(try json.integer("r", in: 1...64, file: "c") == 8)
    #expect(try json.double("r", file: "c") == 8)
    #expect(try json.double("alpha", file: "c") == 16.5)
    #expect(try json.string("name", file: "c") == "x")
    #expect(try json.boolIfPresent("on", file: "c") == true)
    #expect(try json.stringsIfPresent("l", file: "c") == ["a", "b"])
    #expect(try json.stringIfPresent("none", file: "c") == nil)
    #expect(try json.integerIfPresent("missing", in: 0...1, file: "c") == nil)
    let failures: [(String, () throws -> Any)] = [
      ("r", { try json.integer("r", in: 9...64, file: "c") }),
      ("alpha", { try json.integer("alpha", in: 0...64, file: "c") }),
      ("name", { try json.double("name", file: "c") }), ("r", { try json.string("r", file: "c") }),
      ("missing", { try json.string("missing", file: "c") }), ("r", { try json.object("r", file: "c") }),
      ("r", { try json.boolIfPresent("r", file: "c") as Any }),
      ("r", { try json.stringsIfPresent("r", file: "c") as Any }),
    ]
    for (key, read) in failures {
      let error = #expect(throws: InputError.self) { try read() }
      #expect(error?.field == key && error?.file == "c")
    }
  }
}
