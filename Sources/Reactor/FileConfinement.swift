import CURing
import Glibc

/// Takes from a process what it does not need of the file system: landlock(7), and no new privileges.
///
/// For the thread that calls it and those started later, so before the first of them.
public enum FileConfinement {
    /// Where a program on glibc reads: names and their resolution, certificates, time zones, itself, limits, /dev/null.
    /// The files of the resolver are links to elsewhere on some systems.
    private static let system = [
        "/etc", "/usr", "/lib", "/lib64", "/run", "/proc", "/sys", "/dev", "/etc/resolv.conf", "/etc/hosts",
        "/etc/nsswitch.conf",
    ]

    /// From now on files can be read in the system's folders and these, sockets made and removed in those, files written
    /// and replaced in the last ones, and nothing else opened, written, made, removed or executed. What is open already
    /// stays usable.
    ///
    /// - Parameters:
    ///   - readable: folders, or files whose folders are meant; a missing one stands for the nearest there is.
    ///   - listening: folders of unix sockets.
    ///   - writable: files whose folders are meant; where there is no such folder, nothing can be written.
    /// - Returns: the ABI of Landlock, or nil where this kernel has none; privileges are given up all the same.
    @discardableResult
    public static func apply(
        readable: [String],
        listening: [String],
        writable: [String] = []
    ) throws(SystemError) -> Int? {
        let abi = fanout_landlock_abi()
        guard abi > 0 else {
            try confine(-1)
            return nil
        }
        let ruleset = fanout_landlock_ruleset(abi)
        guard ruleset >= 0 else { throw SystemError("landlock_create_ruleset", errno: -ruleset) }
        for folder in (system + readable).flatMap({ folders(around: $0) }) {
            // A folder that is not there needs no permission.
            _ = unsafe fanout_landlock_allow(ruleset, folder, Int32(FANOUT_LANDLOCK_READ))
        }
        for folder in listening.flatMap({ folders(around: $0) }) {
            _ = unsafe fanout_landlock_allow(ruleset, folder, Int32(FANOUT_LANDLOCK_LISTEN))
        }
        for folder in writable.map({ parent(of: $0) }) where isFolder(folder) {
            let what = Int32(FANOUT_LANDLOCK_READ) | Int32(FANOUT_LANDLOCK_WRITE)
            _ = unsafe fanout_landlock_allow(ruleset, folder, what)
        }
        try confine(ruleset)
        return Int(abi)
    }

    private static func confine(_ ruleset: Int32) throws(SystemError) {
        let code = fanout_confine(ruleset)
        guard code == 0 else { throw SystemError("landlock_restrict_self", errno: -code) }
    }

    /// The folder of a path as it is written, and as it is once symbolic links are followed.
    private static func folders(around path: String) -> [String] {
        var folder = isFolder(path) ? path : parent(of: path)
        while !isFolder(folder) && folder != "/" { folder = parent(of: folder) }
        guard let real = unsafe realpath(path, nil) else { return [folder] }
        defer { unsafe free(real) }
        let target = unsafe String(cString: real)
        return [folder, isFolder(target) ? target : parent(of: target)]
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
