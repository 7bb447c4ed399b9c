package main

import (
	"bytes"
	"os"
	"testing"
)

// What is compiled into the product is what the generator writes, byte for byte.
func TestTheAssemblyIsGenerated(t *testing.T) {
	want, err := assembly()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../kernel_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("kernel_amd64.s is not what the generator writes: run go generate ./tokens/fixedkey/internal/lanes")
	}
}
