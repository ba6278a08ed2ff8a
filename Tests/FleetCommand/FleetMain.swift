import Fleet
import Glibc

@main
struct FleetMain {
    static func main() {
        hashAlike()
        do {
            exit(try FleetCommand.run(Array(CommandLine.arguments.dropFirst())))
        } catch {
            print("simulate-fleet: \(error)")
            exit(1)
        }
    }

    /// The registry draws for endpoints in the order of a dictionary, which the standard library makes another one in each
    /// process unless it is told not to, before the process starts.
    private static func hashAlike() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard unsafe getenv(name) == nil else { return }
        unsafe setenv(name, "1", 1)
        unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
        unsafe perror("simulate-fleet: execv")
        exit(1)
    }
}
