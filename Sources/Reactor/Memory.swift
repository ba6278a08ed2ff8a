import Glibc

/// Zeroed, page-aligned memory that costs nothing until it is touched (mmap(2)).
///
/// Tables are sized for the worst case and used far below it: the pages in between never become real.
@safe public struct LazyMemory: ~Copyable {
    public let base: UnsafeMutableRawPointer
    private let size: Int

    public init(bytes: Int) throws(SystemError) {
        size = max(bytes, 1)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe memory != MAP_FAILED
        else { throw SystemError.last("mmap of \(bytes) bytes") }
        unsafe base = memory
    }

    deinit { unsafe munmap(base, size) }

    /// The memory as `count` zeroed values of a type for which all-zero bytes are a valid value.
    public func bound<Element: ~Copyable>(to type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        precondition(count * MemoryLayout<Element>.stride <= size, "the table is larger than its memory")
        return unsafe base.bindMemory(to: type, capacity: count)
    }
}
