import ArgumentParser
import Foundation
import Training

struct TowerTrial: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "tower-trial", shouldDisplay: false)
  @Argument var model: String
  @Option var size = 256
  @Option var batch = 16
  @Option var steps = 5
  func run() throws { try TowerBench.run(path: model, size: size, batch: batch, steps: steps) }
}
