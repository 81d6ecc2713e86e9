import Diagnostics

/// How many broken records of a dataset may be left out before a run stops.
///
/// A record counts once however often it comes by, so that the number of passes through the data does not matter.
public struct BrokenRecordBudget: Sendable {
  /// The dataset's name.
  public let name: String
  /// How many may be broken.
  public let limit: Int
  /// The indexes of the records that were left out so far: what a checkpoint keeps.
  public private(set) var broken: Set<Int>

  /// - Parameter broken: what was left out before the checkpoint that a run goes on from.
  public init(name: String, limit: Int, broken: Set<Int> = []) {
    self.name = name
    self.limit = limit
    self.broken = broken
  }

  /// Leaves out a record.
  ///
  /// - Returns: whether it is left out for the first time, and so to be reported.
  /// - Throws: the fault itself, with the budget in its remedy, when too many are broken.
  public mutating func skip(record index: Int, because fault: InputError) throws(InputError) -> Bool {
    guard !broken.contains(index) else { return false }
    guard broken.count < limit else {
      var error = fault
      let budget =
        limit == 0
        ? "No broken record is allowed in dataset \(name)" : "Dataset \(name) has more than \(limit) broken records"
      error.remedy = [fault.remedy, "\(budget): mend it, or raise its max_broken"].compactMap { $0 }
        .joined(separator: " ")
      throw error
    }
    broken.insert(index)
    return true
  }
}
