import Scenes

/// What the towers should tell about a scene: per patch and per object, kind, colour and box.
struct SceneTargets: Sendable {
  /// One object: indexes into the kinds' and colours' lists, and the box in fractions of width and height.
  struct Object: Sendable {
    var kind: Int
    /// nil for an icon.
    var colour: Int?
    /// Left, upper, right, lower edge in 0...1.
    var box: [Float]

    var center: (x: Float, y: Float) { ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) }
  }

  let objects: [Object]

  /// The number of kinds; also the class that stands for "nothing".
  static let kinds = ObjectKind.allCases.count
  static let colours = SceneColour.allCases.count

  init(_ scene: Scene) {
    objects = scene.objects.map { object in
      Object(
        kind: ObjectKind.allCases.firstIndex(of: object.kind) ?? 0,
        colour: object.colour.flatMap { SceneColour.allCases.firstIndex(of: $0) },
        box: [
          Float(object.x0) / Float(scene.width), Float(object.y0) / Float(scene.height),
          Float(object.x1) / Float(scene.width), Float(object.y1) / Float(scene.height),
        ])
    }
  }

  /// For each patch of a grid, row by row, the object that it shows, or nil.
  ///
  /// An object has the patches whose centre lies in the ellipse within its box, since corners are mostly empty, and the
  /// patch of its own centre; the one that is drawn last covers the others.
  func owners(grid: Int) -> [Int?] {
    var owners = [Int?](repeating: nil, count: grid * grid)
    for (index, object) in objects.enumerated() {
      let (centerX, centerY) = object.center
      let radiusX = max((object.box[2] - object.box[0]) / 2, 1e-4)
      let radiusY = max((object.box[3] - object.box[1]) / 2, 1e-4)
      for row in 0..<grid {
        for column in 0..<grid {
          let dx = ((Float(column) + 0.5) / Float(grid) - centerX) / radiusX
          let dy = ((Float(row) + 0.5) / Float(grid) - centerY) / radiusY
          if dx * dx + dy * dy <= 1 { owners[row * grid + column] = index }
        }
      }
      let (row, column) = (min(grid - 1, Int(centerY * Float(grid))), min(grid - 1, Int(centerX * Float(grid))))
      owners[row * grid + column] = index
    }
    return owners
  }
}

/// The cheapest way to give every object a query of its own.
enum Assignment {
  /// - Parameter cost: for each object (few) its cost with each query.
  /// - Returns: for each object its query.
  ///
  /// Exact, by dynamic programming over the sets of objects that the first queries serve: 2^objects · queries steps.
  static func cheapest(cost: [[Float]]) -> [Int] {
    let objects = cost.count
    guard objects > 0 else { return [] }
    let queries = cost[0].count
    precondition(objects <= queries && objects <= 16, "\(objects) objects for \(queries) queries")
    let sets = 1 << objects
    var best = [Float](repeating: .infinity, count: sets)
    best[0] = 0
    // choice[query][set]: the object that the query serves in the best way to serve the set with the queries up to it.
    var choice = [[Int8]](repeating: [Int8](repeating: -1, count: sets), count: queries)
    for query in 0..<queries {
      // Downwards, so that a query serves one object at most.
      for set in stride(from: sets - 1, to: 0, by: -1) {
        for object in 0..<objects where set & (1 << object) != 0 {
          let candidate = best[set & ~(1 << object)] + cost[object][query]
          if candidate < best[set] {
            best[set] = candidate
            choice[query][set] = Int8(object)
          }
        }
      }
    }
    var result = [Int](repeating: 0, count: objects)
    var set = sets - 1
    for query in stride(from: queries - 1, through: 0, by: -1) where choice[query][set] >= 0 {
      let object = Int(choice[query][set])
      result[object] = query
      set &= ~(1 << object)
    }
    return result
  }
}
