using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Files, dropped onto a page as a person drops them.</summary>
internal static class Dropping
{
    public static Task DropAsync(this IPage page, params (string Name, byte[] Bytes)[] files) => page.EvaluateAsync(
        """
        files => {
          const dataTransfer = new DataTransfer();
          for (const { name, base64 } of files) {
            const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
            dataTransfer.items.add(new File([bytes], name));
          }
          for (const kind of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
          }
        }
        """,
        files.Select(file => new { name = file.Name, base64 = Convert.ToBase64String(file.Bytes) }).ToArray());
}
