import CURing
import Glibc

/// A named pthread that runs one function and can be joined.
///
/// Spawn from a `nonisolated` function: a closure written in `@main` code inherits the main actor.
public struct Thread: ~Copyable {
    /// Enough for the worker loop and for getaddrinfo(3); the kernel makes real only what is touched.
    public static let stackSize = 512 * 1024

    private let handle: pthread_t

    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts the thread; `name` is cut to 15 bytes by the kernel (pthread_setname_np(3)).
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, Self.stackSize)
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle,
            &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe fanout_name_thread(start.name)
                start.body()
                return nil
            },
            start.toOpaque()
        )
        guard code == 0 else {
            unsafe start.release()
            throw SystemError("pthread_create", errno: code)
        }
        self.handle = handle
    }

    /// A thread that nobody joins gives its stack back by itself (pthread_detach(3)).
    deinit { pthread_detach(handle) }

    /// Waits until the function has returned.
    public consuming func join() {
        pthread_join(handle, nil)
        discard self
    }
}
