import Foundation
import Glibc

/// Keeps the input of the case under way in files, so that a crash leaves it behind, and that of every failed case.
///
/// Not for two threads at once: one test's own, or guarded by its lock. The folder is named in every message, and removed
/// when nothing failed.
public final class Evidence: @unchecked Sendable {
    private static let root = FileManager.default.temporaryDirectory
        .appendingPathComponent("fanout-fuzz-\(ProcessInfo.processInfo.processIdentifier)")

    private let name: String
    private let folder: URL
    private let seedFile: Int32
    private let inputFile: Int32
    private var seed: UInt64 = 0
    private var input: [UInt8] = []
    private var hasFailed = false

    /// `name` is the test's, by which the case can be run again.
    public init(_ name: String) throws {
        self.name = name
        folder = Self.root.appendingPathComponent("\(name)-\(UUID().uuidString.prefix(4))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        seedFile = try Self.open(folder.appendingPathComponent("current.seed"))
        inputFile = try Self.open(folder.appendingPathComponent("current.input"))
    }

    deinit {
        close(seedFile)
        close(inputFile)
        guard !hasFailed else { return }
        try? FileManager.default.removeItem(at: folder)
        // Fails while other tests have folders in it, as it should.
        _ = unsafe rmdir(Self.root.path)
    }

    /// Before the case runs.
    public func begin(_ seed: UInt64, _ input: [UInt8]) {
        (self.seed, self.input) = (seed, input)
        Self.replace(seedFile, Array("\(seed)\n".utf8))
        Self.replace(inputFile, input)
    }

    /// Keeps the input; the result says where it is and how to run it again, to be put into the test's message.
    public func failed(_ what: String) -> String {
        hasFailed = true
        let file = folder.appendingPathComponent("\(seed).input")
        try? Data(input).write(to: file)
        return "\(what); input: \(file.path); again: scripts/fanout fuzz --seconds 1 --seed \(seed) --filter \(name)"
    }

    private static func open(_ file: URL) throws -> Int32 {
        let descriptor = unsafe Glibc.open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        return descriptor
    }

    private static func replace(_ file: Int32, _ bytes: [UInt8]) {
        ftruncate(file, 0)
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
    }
}
