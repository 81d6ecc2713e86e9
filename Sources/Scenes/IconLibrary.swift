import Diagnostics
import Foundation

extension Scene {
  /// Reads the icons, so that later drawing cannot fail for want of them. Scenes with icons can only be made and drawn
  /// where this succeeds; a program calls it first.
  ///
  /// - Throws: ``InputError`` if the icons are not installed beside the program or are damaged.
  public static func loadIcons() throws(InputError) { _ = try IconLibrary.loaded.get() }
}

/// The icons, decoded when first needed.
enum IconLibrary {
  static let loaded: Result<[ObjectKind: Icon], InputError> = load()

  /// The icon of a kind.
  static func icon(_ kind: ObjectKind) -> Icon {
    guard case .success(let icons) = loaded, let icon = icons[kind] else {
      preconditionFailure("no icon for \(kind.rawValue): call Scene.loadIcons() before scenes with icons are made")
    }
    return icon
  }

  /// Where the icons may be: beside the program as it is built, where it is installed, and in its sources.
  private static let folders: [URL] = {
    var folders: [URL] = []
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() {
      folders = [
        program.appendingPathComponent("tinygptv_Scenes.resources/Icons"),
        program.appendingPathComponent("Icons"),
        program.deletingLastPathComponent().appendingPathComponent("share/tinygptv/Icons"),
      ]
    }
    return folders + [URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Icons")]
  }()

  private static func load() -> Result<[ObjectKind: Icon], InputError> {
    let present = folders.first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("dog.png").path) }
    guard let folder = present else {
      return .failure(
        InputError(
          file: folders[0].path, expected: "the folder of icons that comes with the program", found: "none",
          remedy: "Install it with make install, or copy the folder Icons to beside the program"))
    }
    var icons: [ObjectKind: Icon] = [:]
    for kind in ObjectKind.icons {
      let path = folder.appendingPathComponent(kind.rawValue + ".png").path
      guard let data = FileManager.default.contents(atPath: path) else {
        return .failure(InputError(file: path, expected: "an icon that can be read", found: "none"))
      }
      do throws(InputError) {
        icons[kind] = try Icon(encoded: Array(data), name: path)
      } catch {
        return .failure(error)
      }
    }
    return .success(icons)
  }
}
