import Foundation

/// The inputs that mutation starts from: files beside this source, found ones among them.
///
/// A failed input becomes a file here, and so a start for all later runs.
public enum Corpus {
    public struct Entry: Sendable {
        public let name: String
        public let bytes: [UInt8]
    }

    /// The files of one folder by name; traps if there are none, because then nothing would be tested.
    public static func entries(_ folder: String) -> [Entry] {
        let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "corpus/\(folder)"
        )
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        let found = names.sorted().compactMap { name in
            (try? Data(contentsOf: place.appendingPathComponent(name))).map { Entry(name: name, bytes: Array($0)) }
        }
        precondition(!found.isEmpty, "no corpus in \(place.path)")
        return found
    }

    /// The lines of all files of one folder, without empty ones.
    public static func lines(_ folder: String) -> [String] {
        entries(folder).flatMap { String(decoding: $0.bytes, as: UTF8.self).split(separator: "\n").map(String.init) }
    }
}
