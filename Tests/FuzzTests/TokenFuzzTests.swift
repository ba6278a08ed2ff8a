import Foundation
import Fuzzing
import Glibc
import Testing

@testable import Fanout

/// The token file while anything happens to it: a token is sent whole and as it stands there, or not at all.
@Suite struct TokenFuzzTests {
    @Test func mutatedFiles() throws {
        let evidence = try Evidence("TokenFuzzTests")
        var budget = Budget(cases: 400, share: 0.05)
        var looks = 0
        while let seed = budget.next() {
            var trial = try TokenTrial(seed: seed)
            for _ in 0..<20 {
                let fault = trial.step()
                evidence.begin(seed, trial.content)
                if let fault { Issue.record("\(evidence.failed(fault))") }
            }
            looks += trial.tokens
            trial.end()
        }
        budget.report("token files, read 20 times each (\(looks) tokens)")
        #expect(looks > 0)
    }

    /// As Nomad rewrites it: truncate, then write, here in pieces. In the end the last token is the one in use.
    @Test func filesThatAreBeingRewritten() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fz-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("nomad_token").path
        // Of two lengths: before Linux 6.13 the times of a file do not tell two changes within a tick apart.
        let tokens = (0..<2).map { "eyJ\($0).\(String(repeating: "p\($0)", count: 300 + $0)).sig\($0)" }
        let identity = WorkloadIdentity(explicitFile: path, environment: [:]) { _ in }
        let writer = Thread {
            for round in 0..<2_000 {
                let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
                var rest = Array(tokens[round & 1].utf8)[...]
                while !rest.isEmpty {
                    let count = min(rest.count, 1 + round % 700)
                    _ = unsafe rest.withUnsafeBytes { unsafe write(file, $0.baseAddress, count) }
                    rest = rest.dropFirst(count)
                }
                close(file)
            }
        }
        writer.start()
        while !writer.isFinished {
            guard case .token(let token) = identity.current() else { continue }
            #expect(tokens.contains { $0.hasPrefix(token) })
        }
        #expect(identity.current() == .token(tokens[1]))
    }
}

/// One file, one reader, and what the reader may say.
private struct TokenTrial {
    private static let longest = 16 * 1024
    private static let seeds = [
        "eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJub21hZCJ9.c2lnbmF0dXJl", "2873cf75-42e5-7c45-ca1c-415f3e18be3d", "a.b.c",
        "a.b",
        "a..c", "2873CF75-42E5-7C45-CA1C-415F3E18BE3D\n", "\r\n a.b.c \t\n", "a.b.c\na.b.c", "",
    ]

    private var random: SeededRandom
    private let folder: URL
    private let path: String
    private let identity: WorkloadIdentity
    private var known: String?
    private(set) var content: [UInt8] = []
    private(set) var tokens = 0

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fz-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("nomad_token").path
        identity = WorkloadIdentity(explicitFile: path, environment: [:]) { _ in }
    }

    func end() { try? FileManager.default.removeItem(at: folder) }

    /// Does something to the file, reads it, and says in words what is wrong with the result.
    mutating func step() -> String? {
        change()
        // Now and then the file is only looked at, which may miss a change of the same size in the same moment.
        let before = known
        if random.chance(oneIn: 2), case .token(let token) = identity.current(), token != before, token != expected {
            return "read as \(token.debugDescription) at a look"
        }
        let reading = identity.reload()
        if content.count > Self.longest {
            // Whether that is still a token file is open, but what it holds is not.
            guard case .token(let token) = reading, token != known else { return nil }
            known = token
            return token == Self.token(content) ? nil : "read \(token.utf8.count) bytes of a longer file"
        }
        known = expected ?? known
        switch (reading, known) {
        case (.token(let token), let known?):
            tokens += 1
            return token == known ? nil : "read as \(token.debugDescription), is \(known.debugDescription)"
        case (.token(let token), nil): return "read as \(token.debugDescription), holds none"
        case (.halfWritten, nil), (.unreadable, nil): return nil
        case (.absent, _): return "a named file is not absent"
        case (.halfWritten, _?), (.unreadable, _?): return "the known token was given up"
        }
    }

    /// The token that the file holds now, unless it is only a part of the known one.
    private var expected: String? {
        guard let text = Self.token(content) else { return nil }
        if let known, known.hasPrefix(text), text != known { return nil }
        return text
    }

    private mutating func change() {
        content = []
        _ = unsafe unlink(path)
        _ = unsafe rmdir(path)
        switch random.below(12) {
        case 0: break
        case 1: _ = unsafe mkdir(path, 0o700)
        case 2: _ = unsafe mkfifo(path, 0o600)
        case 3: _ = unsafe symlink(path, path)
        case 4: _ = unsafe symlink("/nonexistent/\(random.next())", path)
        case _:
            content = Array(random.pick(Self.seeds).utf8)
            for _ in 0..<random.below(4) { mutate() }
            _ = FileManager.default.createFile(atPath: path, contents: Data(content))
        }
    }

    private mutating func mutate() {
        switch random.below(6) {
        case 0: content += [UInt8](repeating: random.pick([0, 10, 32, 97]), count: random.size(upTo: 40_000))
        case 1: content = [UInt8](repeating: random.pick([10, 32, 97]), count: random.size(upTo: 20_000)) + content
        case 2: ByteMutator.truncate(&content, using: &random)
        case _: ByteMutator.mutate(&content, using: &random)
        }
    }

    /// Read anew from what a token is: a JSON Web Token or a UUID between white space, all of it printable ASCII.
    private static func token(_ content: [UInt8]) -> String? {
        var bytes = content[...]
        while let first = bytes.first, first == 32 || (9...13).contains(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, last == 32 || (9...13).contains(last) { bytes = bytes.dropLast() }
        guard bytes.allSatisfy({ (33...126).contains($0) }) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.components(separatedBy: ".")
        if parts.count == 3, !parts.contains("") { return text }
        return text.wholeMatch(of: /[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/) == nil ? nil : text
    }
}
