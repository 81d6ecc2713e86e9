extension Double {
  /// In digits, with so many behind the point.
  func formatted(decimals: Int) -> String {
    guard isFinite, abs(self) < 1e12 else { return "\(self)" }
    let scale = (0..<decimals).reduce(1.0) { value, _ in value * 10 }
    let value = Int((abs(self) * scale).rounded())
    let whole = "\(value / Int(scale))"
    let fraction = String(value % Int(scale))
    let sign = self < 0 && value > 0 ? "-" : ""
    guard decimals > 0 else { return sign + whole }
    return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
