import Foundation
import Logging
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct StateFileTests {
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "fanout-state-\(UUID().uuidString.prefix(8))"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let folder: Folder
    private let file: StateFile

    init() throws {
        folder = try Folder()
        file = StateFile(path: folder.path + "/state.json")
    }

    private func mode() throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int)
    }

    @Test func whatWasWrittenIsReadAndNobodyElseReadsIt() throws {
        #expect(try file.read() == nil)
        try file.write([1, 2, 3])
        #expect(try file.read() == [1, 2, 3])
        #expect(try mode() == 0o600)
        try file.write(Array(repeating: 7, count: 3 << 20))
        #expect(try file.read()?.count == 3 << 20)
        #expect(try mode() == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state.json"])
    }

    /// A draft of a process that died, or a link that somebody has put there.
    @Test func whatLiesInTheWayIsReplacedAndNotFollowed() throws {
        let other = folder.path + "/other"
        #expect(FileManager.default.createFile(atPath: other, contents: Data([9])))
        try FileManager.default.createSymbolicLink(atPath: file.path + ".new", withDestinationPath: other)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: other)
        try file.write([1])
        #expect(try file.read() == [1])
        #expect(FileManager.default.contents(atPath: other) == Data([9]))
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(unsafe mkfifo(file.path, 0o600) == 0)
        #expect(throws: SystemError.self) { try file.read() }
        #expect(throws: SystemError.self) { try StateFile(path: folder.path).read() }
        #expect(throws: SystemError.self) { try StateFile(path: folder.path + "/missing/state").write([1]) }
    }

    /// A reader at any moment finds one of the contents, as a whole.
    @Test func aReaderNeverSeesHalfAFile() throws {
        let file = file
        try file.write(Array(repeating: 0, count: 70_000))
        let isOver = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        let seen = Atomic<Int>(0)
        var threads = ThreadGroup()
        try threads.start("reader") {
            var last: UInt8 = 0
            while !isOver.load(ordering: .acquiring) {
                guard let bytes = try? file.read(), bytes.count == 70_000, bytes.allSatisfy({ $0 == bytes[0] }) else {
                    wrong.add(1, ordering: .relaxed)
                    continue
                }
                if bytes[0] != last { seen.add(1, ordering: .relaxed) }
                last = bytes[0]
            }
        }
        for round in 1...100 { try file.write(Array(repeating: UInt8(round), count: 70_000)) }
        isOver.store(true, ordering: .releasing)
        threads.join()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(seen.load(ordering: .relaxed) > 1)
    }

    // MARK: The keeper

    private static let redis = SavedState.Name(service: "redis", namespace: "default", region: nil)
    private static let other = SavedState.Name(service: "redis", namespace: "other", region: nil)

    private func keeper(_ names: [Int: SavedState.Name]) throws -> StateKeeper {
        try StateKeeper(path: file.path, names: names, logger: Logger(label: "test"))
    }

    @Test func anotherRunKnowsWhatThisOneHasLearned() throws {
        let first = try keeper([0: Self.redis, 1: Self.other])
        #expect(first.lastKnown(of: 0) == nil)
        first.note(0, [1, 2].endpoints)
        first.note(1, [])
        // Not a service of Nomad.
        first.note(5, [3].endpoints)
        first.finish()
        // Services are known by their names, not by their places.
        let second = try keeper([3: Self.redis, 4: Self.other, 5: .init(service: "new", namespace: "a", region: nil)])
        #expect(second.lastKnown(of: 3)?.endpoints == [1, 2].endpoints)
        #expect((second.lastKnown(of: 3)?.age ?? .max) < 60)
        for unknown in [0, 4, 5] { #expect(second.lastKnown(of: unknown) == nil) }
        // What was not learned anew is kept with its age.
        let before = try StateFormat.decode(try #require(try file.read())).services
        second.note(5, [4].endpoints)
        second.finish()
        let after = try StateFormat.decode(try #require(try file.read())).services
        #expect(after.count == 3)
        #expect(before.allSatisfy { after.contains($0) })
    }

    @Test func nothingIsWrittenWithoutNews() throws {
        let keeper = try keeper([0: Self.redis])
        keeper.finish()
        #expect(try file.read() == nil)
    }

    @Test func aDamagedFileIsAsNone() throws {
        try file.write(Array("no state".utf8))
        let keeper = try keeper([0: Self.redis])
        #expect(keeper.lastKnown(of: 0) == nil)
        keeper.note(0, [1].endpoints)
        keeper.finish()
        #expect(try self.keeper([0: Self.redis]).lastKnown(of: 0)?.endpoints == [1].endpoints)
    }
}
