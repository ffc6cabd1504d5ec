package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"time"

	"freehold/app"
)

// Methods are the calls of app.App that browsers may make.
var Methods = []string{
	"State", "Drawn", "Notify", "Hardware", "MeasureProfile", "SaveSettings", "SnapshotBytes", "ClearSnapshots",
	"Chats", "Chat", "NewChat", "RenameChat", "DeleteChat", "RestoreChat", "SearchChats", "ExportChat",
	"NewTemporaryChat", "KeepChat", "ArrangeChats", "FindMessages",
	"Folders", "CreateFolder", "RenameFolder", "DeleteFolder", "RestoreFolder",
	"SetChatModel", "SetChatSystem", "SetChatSampling",
	"Send", "Regenerate", "EditMessage", "SelectBranch", "Stop", "ContextUse",
	"Compare", "StopAnswer", "JudgeAnswer", "RemoveBranch", "RestoreBranch", "ForkChat",
	"Drafts", "SaveDraft", "Queues", "Enqueue", "EditQueued", "RemoveQueued", "MoveQueued", "HoldQueue", "SendQueued",
	"Presets", "SavePreset", "DeletePreset", "RestorePreset", "ExportPresets", "ImportPresets",
	"Models", "ImportModel", "RemoveModel", "RestoreModel", "VerifyModel", "CancelVerify", "LoadModel",
	"Catalog", "FitOf", "SearchModels", "Preview", "AcceptLicence",
	"Pull", "PausePull", "ResumePull", "CancelPull", "PrioritisePull", "Downloads",
	"DiskUse", "CollectGarbage", "MoveModels", "StoresFound", "AdoptModels", "WriteBundle", "ReadBundle",
	"NetworkLog", "Activity",
	"AddDocuments", "Documents", "RemoveDocuments", "PauseDocument", "ResumeDocument", "RetryDocument",
	"Collections", "CreateCollection", "RenameCollection", "DeleteCollection", "SetCollectionDocuments", "SetChatSources",
	"DocumentPages", "DocumentPage", "PageImage", "PageHighlight", "Inspect", "Neighbours", "ExportAnswer", "ChooseFolder",
	"ChooseFiles", "OpenExternal",
	"PreviewImport", "ImportChats", "Imports", "UndoImport", "CancelPorting", "ExportChats", "WriteBackup", "LookAtBackup", "StageRestore", "CancelRestore", "RestoreWaits", "MissingModels", "Notices", "ForgetNotices",
}

const (
	maxCall     = 64 << 20         // bytes of a call's arguments
	callReading = 60 * time.Second // for them to arrive
)

// reply is what a call answers: a result, or what went wrong.
type reply struct {
	Result any     `json:"result"`
	Error  *string `json:"error"`
}

// rpc answers POST /rpc/{method}: a JSON array of arguments in, a reply out.
// The conversion is the one that the window uses, so one user interface fits both.
func rpc(a *app.App, log *slog.Logger) http.HandlerFunc {
	methods := map[string]reflect.Value{}
	for _, name := range Methods {
		m := reflect.ValueOf(a).MethodByName(name)
		if !m.IsValid() {
			panic("api: app.App has no method " + name) // tested
		}
		methods[name] = m
	}
	return func(w http.ResponseWriter, r *http.Request) {
		m, ok := methods[r.PathValue("method")]
		if !ok {
			http.Error(w, "no such method", http.StatusNotFound)
			return
		}
		in, err := arguments(w, r, m.Type())
		if err != nil {
			status := http.StatusBadRequest
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, err.Error(), status)
			return
		}
		writeJSON(w, http.StatusOK, invoke(m, in, r.PathValue("method"), log))
	}
}

func arguments(w http.ResponseWriter, r *http.Request, t reflect.Type) ([]reflect.Value, error) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(callReading)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	var raw []json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCall)).Decode(&raw); err != nil {
		return nil, fmt.Errorf("the body must be a JSON array of arguments: %w", err)
	}
	if len(raw) != t.NumIn() {
		return nil, fmt.Errorf("%d arguments expected, %d given", t.NumIn(), len(raw))
	}
	in := make([]reflect.Value, len(raw))
	for i := range raw {
		v := reflect.New(t.In(i))
		if err := json.Unmarshal(raw[i], v.Interface()); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		in[i] = v.Elem()
	}
	return in, nil
}

var errorType = reflect.TypeFor[error]()

// invoke calls m; a panic becomes an error of this call alone.
func invoke(m reflect.Value, in []reflect.Value, name string, log *slog.Logger) (out reply) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("call failed", "method", name, "panic", p, "stack", string(debug.Stack()))
			text := "something went wrong inside Freehold; its log says what"
			out = reply{Error: &text}
		}
	}()
	for _, v := range m.Call(in) {
		if v.Type() != errorType {
			out.Result = v.Interface()
		} else if err, ok := v.Interface().(error); ok {
			text := err.Error()
			out.Error = &text
		}
	}
	if out.Error != nil {
		out.Result = nil
	}
	return out
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client may be gone
}
