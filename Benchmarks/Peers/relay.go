// A TCP relay as Go programs have it: a goroutine for each direction with io.Copy (which splices between TCP
// sockets), and the end of a stream passed on as a half close. Standard library only; GOMAXPROCS sets its threads.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	// After a failed accept (no descriptors left, say), as net/http does.
	acceptPause = 5 * time.Millisecond
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("relay with", runtime.Version())
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: relay LISTEN-ADDRESS ENDPOINT")
		os.Exit(64)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			time.Sleep(acceptPause)
			continue
		}
		go relay(client.(*net.TCPConn), os.Args[2])
	}
}

func relay(client *net.TCPConn, endpoint string) {
	defer client.Close()
	connection, err := net.DialTimeout("tcp", endpoint, dialTimeout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		forward(server, client)
		close(done)
	}()
	forward(client, server)
	<-done
}

func forward(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		// A reset is passed on as the end of both directions.
		to.Close()
		from.Close()
		return
	}
	to.CloseWrite()
}
