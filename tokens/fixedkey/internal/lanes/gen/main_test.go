package main

import (
	"bytes"
	"os"
	"testing"
)

// TestAssemblyIsGenerated compares the compiled assembly with the generator, byte by byte.
func TestAssemblyIsGenerated(t *testing.T) {
	want, err := assembly()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../kernel_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("kernel_amd64.s is out of date: run go generate ./tokens/fixedkey/internal/lanes")
	}
}
