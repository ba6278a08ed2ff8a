import Glibc
import Reactor
import Testing

/// A process that has confined itself reads what it must, and changes nothing. Each in a process of its own: there is no
/// way back.
@Suite struct FileConfinementTests {
    /// A new folder that holds `file`.
    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        #expect(errno(of: folder.file("file"), O_WRONLY | O_CREAT) == 0)
        return folder
    }

    /// Opens a path, and returns 0 or the errno.
    private static func errno(of path: String, _ flags: Int32) -> Int32 {
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { return Glibc.errno }
        close(descriptor)
        return 0
    }

    /// The first bytes of a file.
    private static func text(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func onlyTheFoldersThatAreNeededCanBeRead() async throws {
        let (token, linked, other) = (try Self.folder(), try Self.folder(), try Self.folder())
        #expect(unsafe symlink(linked.file("file"), token.file("link")) == 0)
        await #expect(processExitsWith: .success) {
            [token = token.path as String, linked = linked.path as String, other = other.path as String] in
            let abi = try FileConfinement.apply(readable: [token + "/link", token + "/missing/too"], listening: [])
            precondition(Self.text("/proc/thread-self/status").contains("NoNewPrivs:\t1"))
            guard abi != nil else { return }
            // A new file under the old name, too: that is how tokens are replaced.
            for path in [token + "/file", token + "/link", linked + "/file", "/etc/hosts", "/proc/self/status"] {
                precondition(Self.errno(of: path, O_RDONLY) == 0, path)
            }
            precondition(Self.errno(of: other + "/file", O_RDONLY) == EACCES)
            for flags in [O_WRONLY, O_RDWR, O_WRONLY | O_CREAT, O_RDONLY | O_TRUNC] {
                precondition(Self.errno(of: token + "/file", flags) == EACCES)
            }
            precondition(Self.errno(of: token + "/new", O_WRONLY | O_CREAT) == EACCES)
            precondition(unsafe unlink(token + "/file") == -1 && Glibc.errno == EACCES)
            precondition(unsafe mkdir(token + "/folder", 0o700) == -1 && Glibc.errno == EACCES)
        }
    }

    @Test func aUnixSocketCanBeMadeAndRemovedWhereItListens() async throws {
        let (here, elsewhere) = (try Self.folder(), try Self.folder())
        await #expect(processExitsWith: .success) {
            [here = here.path as String, elsewhere = elsewhere.path as String] in
            let abi = try FileConfinement.apply(readable: [], listening: [here + "/socket"])
            func listen(_ folder: String) throws {
                let address = try #require(SocketAddress(unixPath: folder + "/socket"))
                let socket = try ListeningSocket(address, workers: 1, dualStack: false)
                for descriptor in socket.descriptors { Socket.closeGracefully(descriptor) }
            }
            for _ in 0..<2 { try listen(here) }
            precondition(Self.errno(of: here + "/file", O_WRONLY) == (abi == nil ? 0 : EACCES))
            guard abi != nil else { return }
            do {
                try listen(elsewhere)
                preconditionFailure("a socket where none may be")
            } catch let error as SystemError {
                precondition(error.errno == EACCES)
            }
        }
    }
}

extension FileConfinementTests {
    /// The state file: written, replaced and read in its folder, and nowhere else.
    @Test func filesAreReplacedInTheOneFolderThatIsWritable() async throws {
        let (here, elsewhere) = (try TemporaryFolder(), try TemporaryFolder())
        await #expect(processExitsWith: .success) {
            [here = here.path as String, elsewhere = elsewhere.path as String] in
            let abi = try FileConfinement.apply(
                readable: [],
                listening: [],
                writable: [here + "/state", elsewhere + "/missing/state"]
            )
            func create(_ path: String) -> Int32 {
                let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
                guard descriptor >= 0 else { return Glibc.errno }
                close(descriptor)
                return 0
            }
            for _ in 0..<2 {
                precondition(create(here + "/state.new") == 0)
                precondition(unsafe rename(here + "/state.new", here + "/state") == 0)
            }
            precondition(unsafe access(here + "/state", R_OK) == 0)
            guard abi != nil else { return }
            // A folder that is not there does not open the one above it.
            precondition(create(elsewhere + "/state") == EACCES)
            precondition(unsafe rename(here + "/state", elsewhere + "/state") != 0)
            precondition(unsafe mkdir(here + "/folder", 0o700) == -1 && Glibc.errno == EACCES)
        }
    }
}
