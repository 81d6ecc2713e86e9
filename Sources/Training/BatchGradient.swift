import Synchronization
import Tensors

/// The loss and gradient of a batch, sample by sample on the thread pool.
///
/// Each sample's whole pass runs on one thread, which for small models is much faster than sharing every matrix product
/// among the threads. Samples are dealt to a fixed number of lanes, each summed in order, so that the result does not
/// depend on the number of threads. With a batch of one, every operation has all threads to itself.
enum BatchGradient {
  private static let lanes = 8

  /// - Parameter loss: the loss of one sample, already scaled by its share of the batch; called on any thread.
  /// - Returns: the sum of the losses, and of their gradients.
  static func compute(
    samples: Int, parameters: TrainedParameters, loss: (Int) -> Tensor
  ) -> (loss: Float, gradients: GradientSum) {
    let lanes = max(1, min(Self.lanes, samples))
    let parts = Mutex(
      [(loss: Float, gradients: GradientSum)](
        repeating: (0, GradientSum(count: parameters.entries.count)), count: lanes))
    ThreadPool.shared.forEach(lanes) { lane in
      var part = (loss: Float(0), gradients: GradientSum(count: parameters.entries.count))
      for sample in stride(from: lane, to: samples, by: lanes) {
        let value = loss(sample)
        part.loss += value.floats[0]
        part.gradients.add(value.gradients(), parameters)
      }
      let finished = part
      parts.withLock { $0[lane] = finished }
    }
    return parts.withLock { parts in
      var total = parts[0]
      for part in parts.dropFirst() {
        total.loss += part.loss
        total.gradients.add(part.gradients)
      }
      return total
    }
  }
}
