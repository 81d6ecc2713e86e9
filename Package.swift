// swift-tools-version: 6.1
import PackageDescription

// A target imports only targets listed above it. docs/ARCHITECTURE.md draws the same picture.
let package = Package(
  name: "tinygptv",
  products: [
    .executable(name: "tinygptv", targets: ["TinyGPTVCommand"]),
    .library(name: "TinyGPTV", targets: ["TinyGPTV", "Dialogue"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // MARK: C: inner loops, the operating system, system libraries

    .target(name: "CKernels"),
    .target(name: "CSystem"),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .systemLibrary(
      name: "CPixbuf", pkgConfig: "gdk-pixbuf-2.0", providers: [.apt(["libgdk-pixbuf-2.0-dev"])]),
    .systemLibrary(name: "CCurses", providers: [.apt(["libncurses-dev"])]),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),
    .systemLibrary(name: "CChafa", pkgConfig: "chafa", providers: [.apt(["libchafa-dev"])]),

    // MARK: Foundations: know nothing of models

    .target(name: "Diagnostics"),
    .target(name: "Tensors", dependencies: ["CKernels", "CSystem", "COpenBLAS", "Diagnostics"]),
    .target(name: "ModelFiles", dependencies: ["CSystem", "Diagnostics", "Tensors"]),
    .target(name: "Tokenization", dependencies: ["Diagnostics"]),
    .target(name: "Pictures", dependencies: ["CPixbuf", "Diagnostics"]),

    // MARK: The model, and talking to it

    .target(
      name: "TinyGPTV",
      dependencies: ["Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures"]),
    .target(
      name: "Dialogue",
      dependencies: ["Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures", "TinyGPTV", "Yams"]),

    // MARK: Training it

    .target(
      name: "Scenes", dependencies: ["Diagnostics", "Tensors", "Pictures", "Tokenization", "Dialogue"],
      resources: [.copy("Icons")]),
    .target(
      name: "Training",
      dependencies: [
        "CSystem", "CKernels", "Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures", "TinyGPTV",
        "Dialogue", "Scenes", "Yams",
      ]),

    // MARK: The chat

    .target(
      name: "TerminalChat",
      dependencies: ["CSystem", "CCurses", "CReadline", "CChafa", "Diagnostics", "Pictures", "Dialogue"]),

    // MARK: How fast it is

    .target(name: "Benchmarking", dependencies: ["CKernels", "CSystem", "Diagnostics", "Tensors", "TinyGPTV"]),

    // MARK: The program

    .executableTarget(
      name: "TinyGPTVCommand",
      dependencies: [
        "Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures", "TinyGPTV", "Dialogue", "Scenes",
        "Training", "TerminalChat", "Benchmarking", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // MARK: Measurements

    .executableTarget(
      name: "TrainingOpsBenchmark", dependencies: ["CKernels", "COpenBLAS", "Tensors"], path: "Benchmarks/TrainingOps"),

    // MARK: Tests: one target per target above

    .target(name: "TestSupport", dependencies: ["CSystem"], path: "Tests/TestSupport"),
    .testTarget(
      name: "TensorsTests", dependencies: ["Diagnostics", "Tensors", "CKernels", "TestSupport"]),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: ["Diagnostics", "Tensors", "ModelFiles", "TinyGPTVCommand", "TestSupport"]),
    .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "TestSupport"]),
    .testTarget(name: "PicturesTests", dependencies: ["Diagnostics", "Pictures", "TinyGPTVCommand", "TestSupport"]),
    .testTarget(
      name: "TinyGPTVTests",
      dependencies: [
        "Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures", "TinyGPTV", "TinyGPTVCommand",
        "TestSupport",
      ]),
    .testTarget(
      name: "DialogueTests",
      dependencies: [
        "Diagnostics", "Tensors", "ModelFiles", "Tokenization", "Pictures", "TinyGPTV", "Dialogue", "TinyGPTVCommand",
        "TestSupport",
      ]),
    .testTarget(
      name: "ScenesTests", dependencies: ["Scenes", "Pictures", "Tokenization", "Dialogue", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Scenes", "TinyGPTV", "Tensors", "ModelFiles", "Tokenization", "Dialogue", "TinyGPTVCommand",
        "TestSupport",
      ]),
    .testTarget(
      name: "TerminalChatTests",
      dependencies: ["TerminalChat", "Dialogue", "Diagnostics", "Pictures", "TinyGPTVCommand", "TestSupport"]),
    .testTarget(
      name: "BenchmarkingTests", dependencies: ["Tensors", "ModelFiles", "TinyGPTV", "Benchmarking", "TestSupport"]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["ModelFiles", "Tokenization", "TinyGPTVCommand", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
