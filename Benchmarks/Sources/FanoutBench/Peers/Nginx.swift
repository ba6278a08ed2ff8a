import Foundation

/// The stream proxy of nginx; its master process is counted too.
struct Nginx: Peer {
    static let streamModule = "/usr/lib/nginx/modules/ngx_stream_module.so"

    let name: String
    let program: String
    /// `proxy_buffer_size`; nil leaves the standard of 16 KiB.
    let bufferSize: String?
    let source = "the Debian packages nginx and libnginx-mod-stream"

    var title: String { "nginx, stream, " + (bufferSize.map { "buffers of \($0)" } ?? "standard buffers") }
    var path: String? { program }
    var version: String { firstLine(of: program, ["-v"]) }

    func command(_ place: PeerPlace) -> PeerCommand? {
        let file = "\(place.folder)/\(name)-\(place.listen).conf"
        // A module of its own in Debian, built in elsewhere.
        let hasModule = FileManager.default.fileExists(atPath: Self.streamModule)
        let text = """
            \(hasModule ? "load_module \(Self.streamModule);" : "")
            daemon off;
            worker_processes \(place.workers);
            worker_rlimit_nofile \(Limits.descriptors);
            pid \(file).pid;
            error_log stderr error;
            events {
                worker_connections \(Limits.descriptors);
            }
            stream {
                server {
                    listen 127.0.0.1:\(place.listen) backlog=4096 reuseport;
                    tcp_nodelay on;
                    proxy_connect_timeout 5s;
                    proxy_timeout 5m;
                    \(bufferSize.map { "proxy_buffer_size \($0);" } ?? "")
                    proxy_pass 127.0.0.1:\(place.backend);
                }
            }

            """
        return PeerCommand(
            path: program,
            arguments: ["-c", file, "-e", "stderr"],
            stopSignal: SIGTERM,
            configuration: ConfigurationFile(path: file, text: Self.withoutEmptyLines(text))
        )
    }

    private static func withoutEmptyLines(_ text: String) -> String {
        text.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }.joined(separator: "\n") + "\n"
    }
}
