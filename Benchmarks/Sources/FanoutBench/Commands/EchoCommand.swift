import ArgumentParser
import CBench

/// The peer "echo".
struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "echo", shouldDisplay: false)

    @Argument var port: UInt16

    func run() throws {
        throw BenchError("no echo at port \(port): errno \(-bench_echo(port))")
    }
}
