import Tensors
import Testing

@testable import ModelFiles

struct ContentDigestTests {
  /// From Python's mmh3 5.1 (`mmh3.hash64(text, signed=False)`), which wraps the original code.
  @Test(arguments: [
    ("", "00000000000000000000000000000000"),
    ("The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347"),
  ])
  func knownValues(_ text: String, _ expected: String) {
    #expect("\(ContentDigest(of: text.utf8))" == expected)
  }

  @Test func piecesMakeNoDifference() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 41) }
    for cut in 0...100 {
      for second in [cut, min(cut + 5, 100), 100] {
        var hasher = ContentHasher()
        hasher.append(Array(bytes[..<cut]))
        hasher.append(Array(bytes[cut..<second]))
        hasher.append(Array(bytes[second...]))
        #expect(hasher.digest == ContentDigest(of: bytes))
      }
    }
  }

  @Test func whatDiffersDiffers() {
    let bytes = [UInt8](repeating: 0, count: 33)
    var digests: Set<ContentDigest> = []
    for count in 0...33 { digests.insert(ContentDigest(of: bytes[..<count])) }
    for bit in 0..<33 * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << (bit % 8)
      digests.insert(ContentDigest(of: changed))
    }
    for variant in ["", "a", "224"] { digests.insert(ContentDigest(of: bytes, variant: variant)) }
    digests.insert(ContentDigest(of: Tensor([1, 2, 3, 4], shape: [2, 2])))
    digests.insert(ContentDigest(of: Tensor([1, 2, 3, 4], shape: [4])))
    digests.insert(ContentDigest(of: Tensor([1, 2, 3, 4], shape: [4]).converted(to: .bf16)))
    #expect(digests.count == 34 + 33 * 8 + 3 + 3)
  }
}
