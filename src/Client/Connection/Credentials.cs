namespace SparseService.Client.Connection;

/// <summary>Whom a command talks to, and as whom.</summary>
/// <param name="Url">Without a slash at its end.</param>
internal sealed record Credentials(string Url, string Key)
{
    public const string UrlVariable = "SPARSE_URL";
    public const string KeyVariable = "SPARSE_KEY";
    public const string ProfileVariable = "SPARSE_PROFILE";

    /// <summary>
    /// <paramref name="profile"/> before SPARSE_URL and SPARSE_KEY before the profile in use. A stored key is sent only to the address
    /// that it was stored with.
    /// </summary>
    /// <exception cref="CliFault">There is no such profile, or no key.</exception>
    public static Credentials Find(string? profile)
    {
        var profiles = Profiles.Load();
        if (profile is not null)
        {
            return profiles.Require(profile);
        }

        var url = Variable(UrlVariable) is { } given ? Address.Parse(given, UrlVariable) : null;
        var stored = Variable(ProfileVariable) is { } name ? profiles.Require(name) : profiles.Current;
        if (Variable(KeyVariable) is { } key)
        {
            return new Credentials(url ?? stored?.Url ?? Address.Default, key.Trim());
        }

        if (url is not null)
        {
            return (stored?.Url == url ? stored : profiles.OfUrl(url)) ?? throw new CliFault(
                $"There is no key for {url}: set {KeyVariable}, or run `{CommandName.Current} login {url}`.", ExitCode.Unreachable);
        }

        return stored ?? throw new CliFault(
            $"Not signed in: run `{CommandName.Current} login` (a service prints a link for it when it starts), "
            + $"or set {UrlVariable} and {KeyVariable}.", ExitCode.Unreachable);
    }

    public static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    /// <summary>Not the key.</summary>
    public override string ToString() => Url;
}
