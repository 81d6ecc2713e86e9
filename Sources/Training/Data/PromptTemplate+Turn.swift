import Diagnostics
import Dialogue

extension PromptTemplate {
  /// A record's instruction as it stands in a prompt: behind the picture's place, if the turn carries a picture. An
  /// instruction that names that place itself keeps it there.
  static func question(ofTurn instruction: String, carriesPicture: Bool) -> String {
    if carriesPicture, segments(of: instruction).count == 2 { return instruction }
    do throws(InputError) {
      return try question(instruction, task: nil, hasPicture: carriesPicture)
    } catch {
      // A blank is nothing to ask, but to learn from: captions have no question.
      return carriesPicture ? behindPicture(instruction) : instruction
    }
  }
}
