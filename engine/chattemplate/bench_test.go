package chattemplate

import (
	"context"
	"testing"
)

func BenchmarkRender(b *testing.B) {
	tmpl := builtin("gemma")
	var in Input
	for range 50 {
		in.Messages = append(in.Messages, Message{Role: "user", Content: "A question of some length."}, Message{Role: "assistant", Content: "An answer of some length."})
	}
	for b.Loop() {
		if _, err := tmpl.Render(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}
