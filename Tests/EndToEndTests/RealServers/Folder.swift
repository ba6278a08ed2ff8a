import Foundation

/// A folder of its own for one test, removed with everything in it.
final class Folder {
    let path: String
    private var files = 0

    init() throws {
        path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// An empty file whose name ends in `name`.
    func newFile(_ name: String) throws -> String {
        files += 1
        let file = "\(path)/\(files)-\(name)"
        guard FileManager.default.createFile(atPath: file, contents: nil) else {
            throw Command.Failed(description: "cannot create \(file)")
        }
        return file
    }

    /// A file with these bytes.
    func newFile(_ name: String, _ bytes: Data) throws -> String {
        let file = try newFile(name)
        try bytes.write(to: URL(fileURLWithPath: file))
        return file
    }

    func newFile(_ name: String, _ text: String) throws -> String { try newFile(name, Data(text.utf8)) }
}
