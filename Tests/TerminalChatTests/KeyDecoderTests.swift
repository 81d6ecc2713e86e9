import TestSupport
import Testing

@testable import TerminalChat

@Suite struct KeyDecoderTests {
  private func names(_ text: String) -> [String] {
    var decoder = KeyDecoder()
    return (decoder.take(text.utf8) + decoder.flush()).map {
      switch $0 {
      case .key(let key): key.name
      case .paste(let text): "paste:\(text)"
      case .mouse(let event): "\(event.kind)@\(event.column),\(event.row)"
      }
    }
  }

  @Test(arguments: [
    ("a", ["a"]), ("é日🐶", ["é", "日", "🐶"]), ("\r\n\t\u{7f}\u{3}", ["Enter", "C-j", "Tab", "Backspace", "C-c"]),
    ("\u{1b}", ["Escape"]), ("\u{1b}\u{1b}", ["Escape", "Escape"]), ("\u{1b}e", ["M-e"]), ("\u{1b}\r", ["M-Enter"]),
    ("\u{1b}[A\u{1b}OB", ["Up", "Down"]), ("\u{1b}[5~\u{1b}[6~", ["PageUp", "PageDown"]),
    ("\u{1b}OP\u{1b}[15~\u{1b}[[A", ["F1", "F5", "F1"]),
    ("\u{1b}[1;5H\u{1b}[1;2C\u{1b}[Z", ["C-Home", "S-Right", "S-Tab"]),
    (
      "\u{1b}[<0;3;4M\u{1b}[<32;5;6M\u{1b}[<0;5;6m\u{1b}[<65;1;1M",
      ["press@2,3", "drag@4,5", "release@4,5", "wheelDown@0,0"]
    ),
    ("\u{1b}[200~one\r\ntwo\rthree\u{1b}[31m\u{1b}[201~x", ["paste:one\ntwo\nthree[31m", "x"]),
    ("\u{1b}[999z", [""]), ("\u{1b}[", []), ("\u{1b}[;5H", ["C-Home"]),
    // Numbers that are none, or no terminal's.
    ("\u{1b}[1;-9223372036854775808A", ["Up"]), ("\u{1b}[1;9223372036854775807A", ["Up"]), ("\u{1b}[1;+5A", ["Up"]),
    ("\u{1b}[-5~", [""]), ("\u{1b}[<-9223372036854775808;1;1M\u{1b}[<0;0;1M\u{1b}[<0;1;99999999999999999999M", []),
  ])
  func tellsKeys(bytes: String, wanted: [String]) {
    #expect(names(bytes) == wanted)
  }

  @Test func oneByteAtATimeIsTheSame() {
    let text = "a\u{1b}[5~é\u{1b}[200~x\ny\u{1b}[201~\u{1b}[<0;3;4M\u{1b}OP"
    var decoder = KeyDecoder()
    var inputs: [TerminalInput] = []
    for byte in text.utf8 { inputs += decoder.take([byte]) }
    var whole = KeyDecoder()
    #expect(inputs == whole.take(text.utf8))
    #expect(inputs.count == 6)
  }

  @Test func escapeWaits() {
    var decoder = KeyDecoder()
    #expect(decoder.take([0x1b]).isEmpty)
    #expect(decoder.isWaiting)
    #expect(decoder.take(Array("[A".utf8)) == [.key(Key("Up", bytes: Array("\u{1b}[A".utf8)))])
    #expect(!decoder.isWaiting)
  }

  /// Whatever bytes come, and however they are divided: no trap, and the same keys.
  @Test func anyBytesAreTaken() {
    var random = SeededGenerator(state: 7)
    let parts =
      [
        "\u{1b}", "\u{1b}[", "\u{1b}O", "\u{1b}[<", "\u{1b}[200~", "\u{1b}[201~", "\u{1b}[[", ";", "~", "M", "m", "A",
        "-", "é", "🐶",
      ]
      .map { Array($0.utf8) }
    let numbers = ["0", "1", "5", "-1", "65536", "9223372036854775807", "-9223372036854775808", "1e9"].map {
      Array($0.utf8)
    }
    for _ in 0..<3000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.append(UInt8.random(in: 0...255, using: &random))
        case 1: bytes += numbers.randomElement(using: &random) ?? []
        default: bytes += parts.randomElement(using: &random) ?? []
        }
      }
      var whole = KeyDecoder()
      let wanted = whole.take(bytes) + whole.flush()
      var divided = KeyDecoder()
      var inputs: [TerminalInput] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...min(rest.count, 5), using: &random)
        inputs += divided.take(rest.prefix(count))
        rest.removeFirst(count)
      }
      inputs += divided.flush()
      #expect(inputs == wanted, "\(bytes)")
    }
  }
}
