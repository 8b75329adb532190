<?php

/**
 * Calls one method of the panel's client. Standard input: {"base": url, "token": token, "method": name, "arguments": [...]};
 * standard output: {"ok": true, "answer": ...} or {"ok": false, "error": message}. The token is on no command line.
 */

error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
set_include_path('/usr/share/php' . PATH_SEPARATOR . get_include_path());

require '/usr/share/php/Illuminate/autoload.php';
require '/usr/share/php/GuzzleHttp/autoload.php';
require __DIR__ . '/ProxmoxWPApi.php';

use Illuminate\Container\Container;
use Illuminate\Http\Client\Factory;
use Illuminate\Support\Facades\Facade;

$container = new Container();
$container->singleton(Factory::class, fn () => new Factory());
Facade::setFacadeApplication($container);

$order = json_decode(stream_get_contents(STDIN), true, 16, JSON_THROW_ON_ERROR);
$api = new ProxmoxWPApi($order['base'], $order['token']);
try {
    $result = ['ok' => true, 'answer' => $api->{$order['method']}(...$order['arguments'])];
} catch (Exception $e) {
    $result = ['ok' => false, 'error' => $e->getMessage()];
}
echo json_encode($result, JSON_THROW_ON_ERROR), "\n";
