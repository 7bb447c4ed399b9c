package servers

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
)

// The kinds of attack, by what each connection does.
const (
	// Pipelines sends checks without a credential and does not wait for answers.
	Pipelines Kind = "pipelines"
	// Unfinished sends batches of the largest size with a device's credential, without their last
	// byte.
	Unfinished Kind = "unfinished"
)

const (
	inPipeline  = 64        // requests in one write
	batchBytes  = 128 << 10 // the largest that a gateway accepts
	dialWithin  = 5 * time.Second
	redialPause = 20 * time.Millisecond
	// attackWithin bounds the time until every connection has sent data.
	attackWithin = time.Minute
)

// nice is the nice value of an attacker, which shares a processor with the measuring process.
// Pipelines cost their sender very little.
var nice = map[Kind]int{Pipelines: 10, Unfinished: 0}

// text returns the data that a connection of an attack sends; empty: not an attack.
func (k Kind) text() string {
	head := "Host: gate.example\r\nContent-Type: text/plain\r\nContent-Length: "
	switch k {
	case Pipelines:
		return strings.Repeat("POST /v1/check?scope=entry HTTP/1.1\r\n"+head+"192\r\n\r\n"+strings.Repeat("A", 192), inPipeline)
	case Unfinished:
		return "POST /v1/checks?scope=entry HTTP/1.1\r\nAuthorization: Bearer " + corpus.Stranger + "\r\n" + head +
			strconv.Itoa(batchBytes) + "\r\n\r\n" + `{"scans":[` + strings.Repeat(" ", batchBytes-11)
	}
	return ""
}

// Attack floods the server at the address from a separate process, which cannot disturb the clock
// of the process that measures honest requests. It returns when every connection has sent data.
func Attack(kind Kind, address string, connections int) (*Child, error) {
	a, _, err := start(kind, attackWithin, address, strconv.Itoa(connections))
	return a, err
}

// attack is the main function of an attacker process; it ends with stdin.
func attack(kind Kind, address, count string, stdin io.Reader, stdout io.Writer) error {
	connections, err := strconv.Atoi(count)
	if err != nil || connections < 1 {
		return fmt.Errorf("%q is not a number of connections", count)
	}
	lower(nice[kind])
	runtime.GOMAXPROCS(1)
	text := []byte(kind.text())
	var sent atomic.Int64
	for range connections {
		go func() {
			var once sync.Once
			for {
				if conn, err := net.DialTimeout("tcp", address, dialWithin); err == nil {
					ended := make(chan struct{})
					go func() {
						io.Copy(io.Discard, conn)
						conn.Close()
						close(ended)
					}()
					for _, err = conn.Write(text); err == nil && kind == Pipelines; _, err = conn.Write(text) {
						once.Do(func() { sent.Add(1) })
					}
					once.Do(func() { sent.Add(1) })
					if err != nil {
						conn.Close()
					}
					<-ended
				}
				once.Do(func() { sent.Add(1) }) // a rejected connection counts too
				time.Sleep(redialPause)
			}
		}()
	}
	go func() {
		for sent.Load() < int64(connections) {
			time.Sleep(redialPause)
		}
		fmt.Fprintln(stdout, "ready")
	}()
	_, err = io.Copy(io.Discard, stdin)
	return err
}
