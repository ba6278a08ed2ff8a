/// How the figures were taken, for the page.
let methodNotes = [
    "CPU time is that of all threads of all processes of a peer, user and system, from /proc/PID/task/*/schedstat, over "
        + "the measured window; for real software over the whole run of the load tool.",
    "The direct run has no proxy: its CPU time is that of load and backend, which do the network stack's work of one "
        + "client and one server, as a relay does. For real software its CPU time would be that of the software, so it "
        + "has none.",
    "The echo server stands in the proxy's place and copies as a proxy does, over the same distance between CPUs; it has "
        + "twice the connections, so as many sockets as a proxy, and its CPU time counts twice. Only a proxy that makes fewer "
        + "calls or copies can be below it.",
    "Virtual CPUs are moved about by their host, and what passes from one to another costs up to a quarter more where they do "
        + "not share a cache. So before and after each run a cache line is sent there and back between the CPUs of proxy "
        + "and load, and ratios are of runs with the same distance (within 2.2 times).",
    "Every run has fresh processes and fresh ports. Connections that stay are opened at most 64 at a time, and each "
        + "makes a round trip before it counts; those that fail to come up, end early or do not move within the window "
        + "are errors.",
    "User memory per connection is the growth of Rss (anonymous: Pss_Anon) in /proc/PID/smaps_rollup while the "
        + "connections are held, divided by the connections held.",
    "Kernel memory per connection is the growth of Slab, KernelStack and PageTables in /proc/meminfo of the whole "
        + "machine, less the same growth per connection of the direct run of the same round: two sockets and what the "
        + "proxy has in the kernel beside them. Memory that the kernel kept from earlier runs is reused unseen.",
    "Memory at rest of several processes sums their RSS, which counts what they share more than once; PSS divides it.",
    "A Go relay holds six descriptors a connection (two sockets, two pipes for splice), the others two: under the limit "
        + "of descriptors it takes fewer connections, which shows as errors.",
    "Paced loads never sleep and begin what is due whether the peer keeps up or not; a latency counts from when its round trip "
        + "or connection should have begun. What has not ended with the "
        + "window is not in it. Their utilisation differs with what a unit costs: they are there for latencies.",
    "With pipelined messages those whose answers come together are sent together.",
]
