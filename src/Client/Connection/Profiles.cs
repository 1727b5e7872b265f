using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparseService.Client.Connection;

/// <summary>The services that this user has signed in to: a JSON file that nobody else may read.</summary>
internal sealed class Profiles
{
    public const string DefaultName = "default";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly JsonObject stored;

    private Profiles(JsonObject stored) => this.stored = stored;

    /// <summary>The user's folder for settings (<c>$XDG_CONFIG_HOME/sparse</c>, <c>~/.config/sparse</c>,
    /// <c>%APPDATA%\sparse</c>).</summary>
    public static string Folder { get; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "sparse");

    public static string File => Path.Combine(Folder, "services.json");

    public IEnumerable<string> Names => Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal);

    /// <summary>The profile that is used when none is named.</summary>
    public string CurrentName => (string?)stored["current"] ?? DefaultName;

    public Credentials? Current => Find(CurrentName);

    private JsonObject Entries
    {
        get
        {
            if (stored["services"] is not JsonObject entries)
            {
                stored["services"] = entries = [];
            }

            return entries;
        }
    }

    /// <exception cref="CliFault">The file is there and is not what this program wrote.</exception>
    public static Profiles Load()
    {
        if (!System.IO.File.Exists(File))
        {
            return new Profiles([]);
        }

        try
        {
            if (!OperatingSystem.IsWindows() && (System.IO.File.GetUnixFileMode(File) & ~OwnerOnly) != 0)
            {
                Console.Error.WriteLine($"Warning: others may read the keys in {File}; `chmod 600 {File}` ends that.");
            }

            return new Profiles(JsonNode.Parse(System.IO.File.ReadAllText(File)) as JsonObject ?? throw new JsonException("no object"));
        }
        catch (JsonException fault)
        {
            throw new CliFault($"{File} is damaged ({fault.Message}); delete it and sign in again.", ExitCode.BadInput);
        }
    }

    public Credentials? Find(string name) =>
        Entries[name] is JsonObject entry && (string?)entry["url"] is { } url && (string?)entry["key"] is { } key
            ? new Credentials(url, key)
            : null;

    /// <exception cref="CliFault">There is none of this name.</exception>
    public Credentials Require(string name)
    {
        var allowed = Names.Any() ? string.Join(", ", Names) : $"none yet, `{CommandName.Current} login` makes one";
        return Find(name) ?? throw new CliFault($"The profile is '{name}'; allowed: {allowed}", ExitCode.BadInput);
    }

    public Credentials? OfUrl(string url) => Names.Select(Find).FirstOrDefault(service => service?.Url == url);

    public void Set(string name, Credentials service)
    {
        Entries[name] = new JsonObject { ["url"] = service.Url, ["key"] = service.Key };
        stored["current"] = name;
    }

    public void Use(string name)
    {
        Require(name);
        stored["current"] = name;
    }

    public void Remove(string name)
    {
        Require(name);
        Entries.Remove(name);
        if (CurrentName == name)
        {
            stored["current"] = Names.FirstOrDefault();
        }
    }

    /// <summary>Written beside and moved over: whoever reads meanwhile finds the old file or the new one.</summary>
    public void Save()
    {
        MakeFolder(Folder);
        var beside = $"{File}.{Environment.ProcessId}";
        WriteSecret(beside, stored.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        System.IO.File.Move(beside, File, overwrite: true);
    }

    /// <summary>A folder that only its owner may enter.</summary>
    public static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private static void WriteSecret(string path, string text)
    {
        System.IO.File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }
}
