import Diagnostics
import Synchronization

/// How many broken records of a dataset may be left out before a run stops.
///
/// A record counts once however often it comes by, so that the number of passes through the data does not matter.
public final class BrokenRecordBudget: Sendable {
  /// The dataset's name.
  public let name: String
  /// How many may be broken.
  public let limit: Int

  private let broken = Mutex<(indexes: Set<Int>, unreported: [InputError])>(([], []))

  /// A budget that nothing was spent of.
  public init(name: String, limit: Int) {
    self.name = name
    self.limit = limit
  }

  /// Leaves out a record.
  ///
  /// - Throws: the fault itself, with the budget in its remedy, when too many are broken.
  public func skip(record index: Int, because fault: InputError) throws(InputError) {
    let isWithin = broken.withLock { broken in
      guard broken.indexes.insert(index).inserted else { return true }
      guard broken.indexes.count <= limit else {
        // It may come again, and shall fail again.
        broken.indexes.remove(index)
        return false
      }
      broken.unreported.append(fault)
      return true
    }
    guard !isWithin else { return }
    var error = fault
    let budget =
      limit == 0
      ? "No broken record is allowed in dataset \(name)" : "Dataset \(name) has more than \(limit) broken records"
    error.remedy = [fault.remedy, "\(budget): mend it, or raise its max_broken"].compactMap { $0 }
      .joined(separator: " ")
    throw error
  }

  /// How many records were left out so far.
  public var count: Int { broken.withLock { $0.indexes.count } }

  /// What was wrong with the records that were left out since the last call, for a log.
  public func takeReports() -> [InputError] {
    broken.withLock { broken in
      defer { broken.unreported = [] }
      return broken.unreported
    }
  }
}

extension RecordSource {
  /// Some records without the broken ones among them.
  ///
  /// - Throws: ``InputError`` when more are broken than the budget allows.
  public func records(at indexes: [Int], budget: BrokenRecordBudget) throws(InputError) -> [TrainingRecord] {
    var records: [TrainingRecord] = []
    for index in indexes {
      do throws(InputError) {
        records.append(try record(at: index))
      } catch {
        try budget.skip(record: index, because: error)
      }
    }
    return records
  }
}
