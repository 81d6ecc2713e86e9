/// A phrase of an answer, and where in the picture it is.
public struct GroundedPhrase: Sendable, Equatable {
  /// The phrase without white space around it; empty for boxes that stand alone, as in answers to `[refer]`.
  public var text: String
  /// At least one.
  public var boxes: [BoundingBox]
  /// Where the phrase stands in the plain text, in bytes of UTF-8; an empty range for boxes that stand alone.
  public var range: Range<Int>
}

/// An answer with its boxes taken out: what to read, and what to draw.
///
/// The markup is MiniGPT-v2's: `<p>phrase</p> {<x0><y0><x1><y1>}`, several boxes of a phrase joined by `<delim>`, inside the
/// braces or between them, or boxes without a phrase. Anything a model may write is accepted, and what is no box is counted:
///
/// - A coordinate beyond 0...100 is moved to the edge, and corners in the wrong order are swapped; such a box counts once as
///   clamped. A box that lies wholly outside counts as skipped.
/// - A box with too few or too many numbers, or without its end, counts as skipped.
/// - Adjacent boxes belong together; text between them, other than white space, parts them.
/// - Braces that hold no number, and all other text, stay as they are.
///
/// Boxes leave the plain text together with the white space between them and their phrase; a space parts what would touch.
public struct GroundedText: Sendable, Equatable {
  /// The answer without its markup.
  public private(set) var plainText = ""
  /// The phrases that have boxes, in their order. A phrase that occurs twice is there twice, each with its own boxes.
  public private(set) var phrases: [GroundedPhrase] = []
  /// How many boxes could not be read, or lay outside the picture.
  public private(set) var skippedBoxes = 0
  /// How many boxes were cut at the edge of the picture or had their corners in the wrong order.
  public private(set) var clampedBoxes = 0

  /// Reads an answer.
  ///
  /// - Parameters:
  ///   - text: the answer, or its beginning.
  ///   - isFinal: whether nothing follows. Otherwise markup that may still be completed is held back at the end, so that
  ///     the plain text of a beginning is always a beginning of the plain text of the whole.
  public init(parsing text: String, isFinal: Bool) {
    var reader = GroundedTextReader(bytes: Array(text.utf8), isFinal: isFinal)
    reader.read()
    plainText = String(decoding: reader.plain, as: UTF8.self)
    phrases = reader.phrases
    skippedBoxes = reader.skippedBoxes
    clampedBoxes = reader.clampedBoxes
  }
}
