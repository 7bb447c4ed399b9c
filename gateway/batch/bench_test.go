package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// batch returns a body with n codes of the length and alphabet of real ones.
func batch(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]string, n)
	for i := range list {
		code := []byte("RG1:")
		for len(code) < 192 {
			code = append(code, letters[random.IntN(len(letters))])
		}
		list[i] = fmt.Sprintf(`{"code":"%s","scanned_at_ms":%d}`, code, 1771113600000+i)
	}
	return []byte(bodyOf(list...))
}

func perScan(b *testing.B, run func()) {
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Max, "ns/scan")
}

func BenchmarkRead(b *testing.B) {
	plainest := batch(Max)
	escaped := []byte(strings.NewReplacer("/", `\/`, "+", `\u002b`).Replace(string(plainest)))
	for name, body := range map[string][]byte{"plain": plainest, "escaped": escaped} {
		b.Run(name+"/ours", func(b *testing.B) {
			memory, sent := make([]Scan, 0, Max), make([]byte, len(body))
			perScan(b, func() {
				copy(sent, body) // Read destroys it
				if _, refusal := Read(sent, memory); refusal.Fault != NoFault {
					b.Fatal(refusal.Fault)
				}
			})
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			var read struct {
				Scans []struct {
					Code string `json:"code"`
					AtMS int64  `json:"scanned_at_ms"`
				} `json:"scans"`
			}
			perScan(b, func() {
				d := json.NewDecoder(bytes.NewReader(body))
				d.DisallowUnknownFields()
				read.Scans = read.Scans[:0]
				if err := d.Decode(&read); err != nil || len(read.Scans) != Max {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkPlain(b *testing.B) {
	s := batch(1)[len(`{"scans":[{"code":"`):][:192]
	for name, isPlain := range map[string]func([]byte) bool{"words": isPlain, "bytes": func(s []byte) bool { return plain(s) == len(s) }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !isPlain(s) {
					b.Fatal("not a code")
				}
			}
		})
	}
}
