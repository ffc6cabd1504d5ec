package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

func TestDownloads(t *testing.T) {
	s := open(t)
	for i, ref := range []string{"b", "a", "c"} {
		d := Download{Ref: ref, Name: "N", State: "queued", Position: int64(i)}
		if err := s.SaveDownload(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	changed := Download{Ref: "a", Name: "A", Plan: json.RawMessage(`{"x":1}`), State: "failed", Error: "no", Done: 3, Total: 4, Position: -1}
	if err := s.SaveDownload(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetDownload(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Downloads(t.Context())
	want := []Download{changed, {Ref: "c", Name: "N", Plan: json.RawMessage("null"), State: "queued", Position: 2}}
	if err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%+v %v", all, err)
	}
	if s.SaveDownload(t.Context(), Download{Ref: "d", State: "lost"}) == nil || s.SaveDownload(t.Context(), Download{Ref: "d", State: "queued", Plan: json.RawMessage("{")}) == nil {
		t.Error("nonsense was kept")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	s := open(t)
	for i := range 7 {
		batch := map[int64]json.RawMessage{}
		for j := range 10 {
			id := int64(i*10 + j)
			batch[id] = json.RawMessage(fmt.Sprint(id))
		}
		if err := s.SaveRequests(t.Context(), batch, 25); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveRequests(t.Context(), map[int64]json.RawMessage{69: json.RawMessage("690")}, 25); err != nil { // it has ended
		t.Fatal(err)
	}
	all, err := s.Requests(t.Context(), 1000)
	if err != nil || len(all) != 25 || string(all[0]) != "690" || string(all[24]) != "45" {
		t.Errorf("%d requests, %v", len(all), err)
	}
	if two, _ := s.Requests(t.Context(), 2); len(two) != 2 || string(two[1]) != "68" {
		t.Errorf("%s", two)
	}
}
