import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Dialogue

/// A user's settings and folders.
struct ChatConfigurationTests {
  private func parse(_ text: String) -> (configuration: ChatConfiguration, problems: [InputError]) {
    ChatConfiguration.parse(
      text, "config.yaml", themes: ["dark", "light"], actions: ["next-adapter", "quit"], home: "/home/me")
  }

  @Test func everySettingIsRead() {
    let (configuration, problems) = parse(
      """
      # mine
      model: ~/m.gguf
      adapter: none
      task: refer
      template: phi
      temperature: 0.5
      top_p: 1
      repetition_penalty: 1.05
      seed: 18446744073709551615
      max_tokens: 40
      theme: light
      history: false
      mouse: no
      picture: true
      keys:
        quit: C-q
        next-adapter: F3
      """)
    #expect(problems.isEmpty, "\(problems)")
    var expected = ChatConfiguration()
    expected.model = "/home/me/m.gguf"
    expected.adapter = "none"
    expected.task = .refer
    expected.template = "phi"
    expected.temperature = 0.5
    expected.topP = 1
    expected.repetitionPenalty = 1.05
    expected.seed = .max
    expected.maximumTokens = 40
    expected.theme = "light"
    expected.history = false
    expected.mouse = false
    expected.picture = true
    expected.keys = ["quit": "C-q", "next-adapter": "F3"]
    #expect(configuration == expected)
    #expect(
      configuration.sampling()
        == SamplingChoice(temperature: 0.5, topP: 1, repetitionPenalty: 1.05, seed: .max, maximumTokens: 40))
    #expect(ChatConfiguration().sampling(over: SamplingChoice(seed: 4)) == SamplingChoice(seed: 4))
  }

  @Test(arguments: [
    ("temprature: 1", "temperature"), ("hsitory: true", "history"), ("keys:\n  next-adaptor: F3", "next-adapter"),
    ("theme: drak", "dark"), ("task: vqua", "vqa"),
  ]) func unknownNamesGetTheNearest(_ text: String, _ nearest: String) {
    let (configuration, problems) = parse(text + "\nmax_tokens: 7")
    #expect(problems.count == 1)
    #expect(problems.first?.remedy == "The nearest is \(nearest)")
    #expect(problems.first?.field?.hasPrefix("line ") == true)
    // The rest counts.
    #expect(configuration.maximumTokens == 7)
  }

  @Test func whatIsNearNothingGetsTheList() {
    let problem = parse("foo: 1").problems.first
    #expect(problem?.found == "\"foo\"" && problem?.remedy?.hasPrefix("There are: model, adapter, ") == true)
  }

  @Test(arguments: [
    "temperature: hot", "temperature: .nan", "temperature: -1", "temperature: 3", "temperature: 0.05", "top_p: 0.01",
    "top_p: 1.1", "top_p: 0", "repetition_penalty: 0", "seed: -1",
    "seed: 1.5", "max_tokens: 0", "history: maybe", "keys: 3", "keys:\n  quit: [a]", "model: [a]", "model:",
    "template: no place", "- a", "text", "theme: dark\ntheme: light", "a: [", "\"\\x\": 1", "? [a]\n: b",
    "temperature: !!binary x", "a: &a [*a]",
  ]) func whatIsWrongIsToldAndNotUsed(_ text: String) {
    let (configuration, problems) = parse(text)
    #expect(!problems.isEmpty)
    #expect(problems.allSatisfy { $0.file == "config.yaml" })
    var expected = ChatConfiguration()
    if text.hasPrefix("theme") { expected.theme = configuration.theme }
    #expect(configuration == expected)
  }

  @Test func filesThatAreNotThereOrAreEmptyHaveNoSettings() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("config.yaml").path
      #expect(ChatConfiguration.read(path: path).problems.isEmpty)
      for text in ["", "# nothing\n", "---\n"] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let (configuration, problems) = ChatConfiguration.read(path: path)
        #expect(configuration == ChatConfiguration() && problems.isEmpty, "\(problems)")
      }
      #expect(ChatConfiguration.read(path: folder.path).problems.count == 1)
      try Data(repeating: 0x23, count: 2 << 20).write(to: URL(fileURLWithPath: path))
      #expect(ChatConfiguration.read(path: path).problems.count == 1)
    }
  }

  @Test func foldersFollowTheSpecification() {
    let usual = UserFolders(environment: ["HOME": "/h"])
    #expect(usual.configurationFile == "/h/.config/tinygptv/config.yaml")
    #expect(usual.sessions == "/h/.local/share/tinygptv/sessions")
    #expect(usual.adapters == "/h/.local/share/tinygptv/adapters")
    #expect(usual.inputHistory == "/h/.local/state/tinygptv/history")
    #expect(usual.cache == "/h/.cache/tinygptv")
    let set = UserFolders(environment: [
      "HOME": "/h", "XDG_DATA_HOME": "/d/", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "",
    ])
    #expect(set.data == "/d/tinygptv" && set.configuration == "/h/.config/tinygptv")
    #expect(set.state == "/h/.local/state/tinygptv")
    #expect(UserFolders(environment: [:], data: "/x").inputHistory == "/x/state/history")
    #expect(UserFolders(environment: [:], data: "/x").sessions == "/x/sessions")
  }

  @Test(arguments: [
    ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("acb", "abc", 1), ("ab", "abc", 1), ("xabc", "abc", 1),
    ("axc", "abc", 1), ("ca", "abc", 3),
  ]) func changesAreCounted(_ one: String, _ other: String, _ count: Int) {
    #expect(Spelling.distance(Array(one.unicodeScalars), Array(other.unicodeScalars)) == count)
  }

  @Test func theNearestIsFound() {
    #expect(Spelling.nearest(to: "/hlep", in: ["/help", "/quit"]) == "/help")
    #expect(Spelling.nearest(to: "X", in: []) == nil)
    #expect(Spelling.nearest(to: "DARK", in: ["light", "dark"]) == "dark")
  }
}
