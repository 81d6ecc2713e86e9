extension ContinuousClock.Instant {
  /// Seconds from this moment to now.
  var secondsSince: Double {
    let duration = ContinuousClock.now - self
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
